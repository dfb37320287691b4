"""HTTP/1.1 for uvicorn: strict heads, bounded requests, and a way below ASGI for CometD."""
