"""Measures the house: folders, files, functions, import chains, and comments."""
