"""The rules of the contact center, on the standard library alone."""
