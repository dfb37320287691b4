"""Turns arriving mail into interactions."""
