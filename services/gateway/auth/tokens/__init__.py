"""Logins by bearer token: signed JSON Web Tokens, and the keys of their issuer."""
