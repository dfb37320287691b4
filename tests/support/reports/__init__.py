"""Labelled reports: what servers of many kinds write, and what it means."""
