"""Contacts in the database: found by address, changed and merged, with their mails."""
