"""Bayeux messages, channels and replies, and their JSON."""
