"""Runs, packs and ships the system; never installed with it."""
