"""The REST API as one ASGI application."""
