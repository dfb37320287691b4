"""Logins at the next mail server: passwords and OAuth access tokens."""
