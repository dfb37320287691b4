"""The parts and the words of reports on sent mail: who was not reached, and why."""
