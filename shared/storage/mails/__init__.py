"""Mails as they arrived and as they are delivered."""
