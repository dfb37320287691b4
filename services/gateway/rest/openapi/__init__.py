"""The API described: OpenAPI 3.1 for programs, pages for people."""
