"""Parses mail in child processes, which are killed at a deadline."""
