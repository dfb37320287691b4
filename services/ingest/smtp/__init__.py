"""The SMTP and LMTP listeners and their limits."""
