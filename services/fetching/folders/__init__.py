"""Fetches the mail of a folder: when to look, for what, and how it gets into the store."""
