"""Where the API is."""

from typing import Final

PREFIX: Final = "/api/v2"
"""The beginning of every path of REST."""


def api_root(public_url: str) -> str:
    """Return the URL under which all addresses of the API are; a path if the gateway's is empty."""
    return f"{public_url.rstrip('/')}{PREFIX}"
