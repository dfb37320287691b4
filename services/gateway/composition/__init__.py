"""Composes the larger parts of the gateway for `app`."""
