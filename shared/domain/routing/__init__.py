"""Who gets an interaction: the search for an agent, the steps of an assignment, stranded work."""
