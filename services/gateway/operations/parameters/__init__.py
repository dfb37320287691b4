"""Readers of what several operations take: addresses, mails, user data, workbins."""
