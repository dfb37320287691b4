"""Reads request bodies and sends answers over ASGI."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from shared.bayeux.transports.web import Send
from shared.http.answer import Answer

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class TooLargeError(ValueError):
    """The body of a request is larger than the limit."""


class AbortedError(ConnectionError):
    """The client disconnected before its request was complete."""


async def respond(send: Send, answer: Answer) -> None:
    """Send an answer over HTTP."""
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [*answer.headers, length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def read_body(receive: Receive, *, at_most: int) -> bytes:
    """Return the body of a request.

    Raises:
        TooLargeError: It has more than `at_most` bytes.
        AbortedError: The client disconnected before its end.
    """
    body = bytearray()
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise AbortedError
        body += part.get("body", b"")
        if len(body) > at_most:
            raise TooLargeError
        if not part.get("more_body", False):
            return bytes(body)
