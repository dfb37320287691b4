"""Logins by password: checked with Argon2, and throttled against guessing."""
