"""Fetches mail from IMAP servers."""
