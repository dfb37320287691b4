"""Messages, channels and replies of Bayeux as values, and their JSON."""
