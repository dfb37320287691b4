"""JSON for agents: only here the domain gets the names and spellings of the seeds."""
