"""Access tokens by OAuth 2: rules for what is asked and answered, and one way to ask."""
