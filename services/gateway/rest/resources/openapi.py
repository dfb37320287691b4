"""Serves the OpenAPI document and the page of the API, without login."""

import json
from functools import cache
from typing import Final

from starlette.responses import Response

from services.gateway.errors import RequestError, Situation
from services.gateway.rest.openapi.committed import COMMITTED

_PATHS: Final = ("/openapi.json", "/docs")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "public, max-age=300",
}


def openapi_response(method: str, path: str) -> Response | None:
    """Return the document or the page; None for any other path.

    Raises:
        RequestError: The method is not GET or HEAD (405).
    """
    if path not in _PATHS:
        return None
    if method not in ("GET", "HEAD"):
        message = "this can only be read"
        raise RequestError(
            Situation.METHOD_UNKNOWN, message, headers={"Allow": "GET, HEAD, OPTIONS"}
        )
    content, media_type = _content(path)
    return Response(content, headers=_HEADERS, media_type=media_type)


@cache
def _content(path: str) -> tuple[bytes, str]:
    if path == "/openapi.json":
        return COMMITTED.read_bytes(), "application/json"
    # With all examples of messages behind it, this would be a tenth of each start.
    from services.gateway.rest.openapi.page import page  # noqa: PLC0415

    return page(json.loads(COMMITTED.read_bytes())).encode(), "text/html; charset=utf-8"
