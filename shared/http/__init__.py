"""HTTP/1.1 on uvicorn: strict heads, limits of connections, requests and time."""
