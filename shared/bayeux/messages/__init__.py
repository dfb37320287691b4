"""Bayeux messages, channels and replies, their JSON, and the queue of a client."""
