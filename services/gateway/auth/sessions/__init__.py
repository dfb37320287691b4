"""Logins by session cookie: how a session begins, lasts and ends, the same in every pod."""
