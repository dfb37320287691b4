"""Composition: creates and edits drafts, and renders the final octets when an agent sends."""
