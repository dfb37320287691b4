"""The description of the API: an OpenAPI 3.1 document and an HTML page."""
