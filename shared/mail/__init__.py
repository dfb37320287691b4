"""Reading arrived mail: pure functions from octets to values, and a process to run them in."""
