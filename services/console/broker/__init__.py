"""The operator's access to the broker: connection, users, policies, definitions."""
