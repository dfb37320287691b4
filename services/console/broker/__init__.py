"""The broker as an operator sees it: connection, users, policies, definitions."""
