"""Small helpers for HTTP: request headers and cookies."""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final

from shared.bayeux.cookies import CookiePolicy
from shared.http.answer import Answer, Header

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

NOT_SNIFFED: Final = (b"x-content-type-options", b"nosniff")
"""Sent with every answer: browsers must not guess that text is a script or a page."""

BROWSER_COOKIE: Final = "BAYEUX_BROWSER"
_HEADERS: Final = "bayeux.headers"
_BROWSER_ID: Final = re.compile(r"[A-Za-z0-9]{8,64}")


async def refuse_upgrade(scope: Scope, send: Send, answer: Answer) -> None:
    """Refuse a websocket before it is accepted.

    An ASGI server without the extension `websocket.http.response` sends 403 in place of `answer`.
    """
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    start = {"type": "websocket.http.response.start", "status": answer.status}
    # uvicorn adds its default headers to all other answers, but not to these.
    await send(start | {"headers": [NOT_SNIFFED, *answer.headers]})
    await send({"type": "websocket.http.response.body", "body": answer.body})


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first value of a request header (`name` in lower case), or None."""
    headers = scope.get(_HEADERS)
    if headers is None:
        # Reversed, so that the first value of a repeated header is kept.
        headers = scope[_HEADERS] = dict(reversed(scope["headers"]))
    found = headers.get(name)
    return None if found is None else found.decode("latin-1")


def cookie(scope: Scope, name: str) -> str | None:
    """Return the first value of a cookie without the quotes around it, or None."""
    value = next((value for found, value in _cookies(scope) if found == name), None)
    return None if value is None else value.removeprefix('"').removesuffix('"')


def cookie_names(scope: Scope, beginning: str) -> list[str]:
    """Return the names of the cookies that begin so, in the order in which they came."""
    return [name for name, _ in _cookies(scope) if name.startswith(beginning)]


def _cookies(scope: Scope) -> Iterator[tuple[str, str]]:
    # HTTP/2 has a field for each cookie, and some proxies do not join them for HTTP/1.1.
    cookies = b";".join(value for found, value in scope["headers"] if found == b"cookie")
    # The standard library's parser stops at the first malformed cookie, even another site's.
    for pair in cookies.decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        yield name, value


def browser_of(scope: Scope) -> str | None:
    """Return the id that an earlier handshake left in the browser's cookie, or None."""
    value = cookie(scope, BROWSER_COOKIE)
    return value if value is not None and _BROWSER_ID.fullmatch(value) else None


def encoded(headers: Mapping[str, str]) -> list[Header]:
    """Return headers as ASGI has them: names in lower case, octets in Latin-1."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


def new_browser() -> str:
    """Return a random browser id (128 bits, hexadecimal)."""
    return secrets.token_hex(16)


def browser_cookie(browser: str, cookies: CookiePolicy) -> Header:
    """Return the `Set-Cookie` header that stores an id in the browser."""
    return (b"set-cookie", cookies.cookie(BROWSER_COOKIE, browser).encode())
