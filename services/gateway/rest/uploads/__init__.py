"""Uploads of files: a streaming form reader, media types, and limits."""
