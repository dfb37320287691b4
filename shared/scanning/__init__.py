"""Asks a virus scanner about files."""
