"""Ingest: receives mail by SMTP and LMTP, stores it, parses it into interactions."""
