"""Access tokens by OAuth 2: requests, responses, the renewal schedule and a client."""
