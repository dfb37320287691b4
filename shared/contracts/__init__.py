"""Messages between services: commands for one service, events for all that bind them."""
