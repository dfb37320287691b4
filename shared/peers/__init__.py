"""Limits on what one network peer may open or hand in. Pure, on the standard library alone."""
