"""Builds HTTP responses: JSON bodies, 304, and failures."""

import json
from collections.abc import Mapping

from starlette.responses import Response

from services.gateway.errors import CODES, RequestError, failure_body


def json_answer(
    body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a JSON body; its keys keep their order.

    Lone surrogates, which old mail may hold, are escaped.
    """
    try:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        content = json.dumps(body, separators=(",", ":")).encode()
    return Response(
        content,
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )


def not_modified(tag: str) -> Response:
    """Return the 304 response to a client that has this version (RFC 9110 section 15.4.5)."""
    return Response(status_code=304, headers={"Cache-Control": "no-store", "ETag": tag})


def failure(error: RequestError, *, always_200: bool = False) -> Response:
    """Return the response to a request that failed.

    With `always_200` every status is 200 but 401, by which browsers ask for a password.
    """
    codes = CODES[error.situation]
    status = 200 if always_200 and codes.http != 401 else codes.http  # noqa: PLR2004 - RFC 9110
    return json_answer(failure_body(codes.status_code, error.message), status, error.headers)
