"""A way below ASGI for CometD, on connections of HTTP/1.1."""
