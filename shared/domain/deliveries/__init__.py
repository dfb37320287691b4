"""Mails that are sent: their recipients and attempts, tokens for bounces, and what reports say."""
