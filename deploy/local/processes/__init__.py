"""Child processes: their lifetime, their ports, their one log."""
