"""The assignment of interactions: the search for an agent, its steps, and stranded work."""
