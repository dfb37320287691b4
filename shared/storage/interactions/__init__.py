"""Interactions: snapshots, changes, threads."""
