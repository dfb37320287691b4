"""Logins: passwords, tokens, cookies, and what each agent may do."""
