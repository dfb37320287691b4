"""What is known of each client: its session, its queue, its subscriptions."""
