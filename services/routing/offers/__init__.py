"""Offers waiting interactions to agents: which agent, one pass through a queue, when."""
