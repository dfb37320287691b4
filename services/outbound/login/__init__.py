"""Logins at the next server: passwords and access tokens."""
