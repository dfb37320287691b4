"""Logins by authorization code: what is asked, and what may come back."""
