"""Reads mail: pure functions from octets to values."""
