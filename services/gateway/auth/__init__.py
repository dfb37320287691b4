"""Logins by password, token and cookie, and the permissions of agents."""
