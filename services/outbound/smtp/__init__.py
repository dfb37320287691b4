"""One SMTP connection and what its answers mean."""
