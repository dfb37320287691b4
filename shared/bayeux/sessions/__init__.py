"""The state of each client: session, queue, subscriptions, advice."""
