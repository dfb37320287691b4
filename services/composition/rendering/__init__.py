"""A draft as the octets of a mail."""
