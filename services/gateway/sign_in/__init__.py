"""Logins by authorization code at an OpenID provider, which begin a cookie session."""
