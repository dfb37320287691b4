"""Untrusted HTML: balanced, sanitised, converted to text."""
