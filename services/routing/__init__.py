"""Routing: offers waiting interactions to agents, and takes them back."""
