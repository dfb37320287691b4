"""The state of each client: session, subscriptions, advice, replays."""
