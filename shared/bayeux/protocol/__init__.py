"""The protocol without I/O and clock: handshake, connect, subscribe."""
