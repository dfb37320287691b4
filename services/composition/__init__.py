"""Drafts: replies with quoting, and the mail that is frozen when an agent sends."""
