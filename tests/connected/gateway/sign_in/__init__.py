"""Logins by authorization code, with a real OpenID provider."""
