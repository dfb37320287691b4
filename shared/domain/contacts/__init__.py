"""Contacts: the people who write to us, their addresses and names, and what was merged."""
