"""Documents that belong to an interaction."""
