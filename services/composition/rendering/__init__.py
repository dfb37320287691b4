"""Renders a draft as the octets of a mail."""
