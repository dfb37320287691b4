"""How the domain looks to agents: the names and spellings of the seeds, and only here."""
