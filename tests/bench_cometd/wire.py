"""The least a client needs of websocket and HTTP; faster than any server that it measures."""

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Message = dict[str, Any]

TEXT, PING, PONG = 0x81, 0x89, 0x8A
_MASKED: Final = 0x80
_NO_MASK: Final = b"\0\0\0\0"
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_CLIENT_ID: Final = re.compile(rb'"clientId":\s*"([^"]+)"')
_COOKIE: Final = re.compile(rb"set-cookie: ([^;\r]+)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SENT_AT: Final = re.compile(rb'"at":(\d+)')
_POSITION: Final = re.compile(rb'"position":(\d+)')
_CONNECT: Final = b"/meta/connect"


def frame(text: bytes, kind: int = TEXT) -> bytes:
    """Return a client's frame; its mask is zero, which the protocol allows and costs nothing."""
    size = len(text)
    if size < _TWO_BYTES:
        head = bytes((kind, _MASKED | size))
    else:
        head = bytes((kind, _MASKED | _TWO_BYTES)) + size.to_bytes(2, "big")
    return head + _NO_MASK + text


def frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take complete frames out of what a server sent and yield their kinds and payloads."""
    at = 0
    try:
        while (bounds := _bounds(buffer, at)) is not None:
            kind = buffer[at]
            start, at = bounds
            yield kind, bytes(buffer[start:at])
    finally:
        del buffer[:at]


def _bounds(buffer: bytearray, at: int) -> tuple[int, int] | None:
    if len(buffer) - at < 2:
        return None
    size, start = buffer[at + 1], at + 2
    if size == _TWO_BYTES:
        size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
    elif size == _EIGHT_BYTES:
        size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
    return (start, start + size) if len(buffer) >= start + size else None


def response(buffer: bytearray) -> tuple[bytes, bytes] | None:
    """Take one complete response out of what a server sent: its head and its body."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[:end])
    found = _LENGTH.search(head)
    whole = end + 4 + (int(found[1]) if found else 0)
    if len(buffer) < whole:
        return None
    body = bytes(buffer[end + 4 : whole])
    del buffer[:whole]
    return head, body


def sent_at(text: bytes) -> list[int]:
    """Return when the events in a text were published, in nanoseconds."""
    return [int(stamp) for stamp in _SENT_AT.findall(text)]


def positions(text: bytes) -> list[int]:
    """Return the positions of the journal that the events in a text have."""
    return [int(position) for position in _POSITION.findall(text)]


def is_answer(text: bytes) -> bool:
    """Tell whether a text answers something."""
    return b'"successful":' in text


def require_success(text: bytes) -> None:
    """Return if a text reports no failure.

    Raises:
        ConnectionError: It does.
    """
    if b'"successful":false' in text:
        raise ConnectionError(f"refused: {text[:300]!r}")


def answers_connect(text: bytes) -> bool:
    """Tell whether a text holds the reply to a connect."""
    return _CONNECT in text


def client_id(text: bytes) -> str:
    """Return the session that a handshake reply names.

    Raises:
        ConnectionError: It names none.
    """
    found = _CLIENT_ID.search(text)
    if found is None:
        raise ConnectionError(f"no session: {text[:300]!r}")
    return found[1].decode()


def cookie(head: bytes) -> str:
    """Return the cookie that a response sets, or nothing."""
    found = _COOKIE.search(head)
    return found[1].decode() if found else ""


def batch(*messages: Message) -> bytes:
    """Write messages as a request or a frame's payload."""
    return json.dumps(messages, separators=(",", ":")).encode()


def greeting() -> Message:
    """Return a handshake."""
    types = ["websocket", "long-polling"]
    return {
        "channel": "/meta/handshake",
        "id": "1",
        "version": "1.0",
        "supportedConnectionTypes": types,
    }


def subscriptions(session: str, channels: Sequence[str]) -> list[Message]:
    """Return a message that subscribes to each channel."""
    return [
        {"channel": "/meta/subscribe", "id": "2", "clientId": session, "subscription": channel}
        for channel in channels
    ]


def connecting(session: str, transport: str) -> Message:
    """Return a connect."""
    fields = {"clientId": session, "connectionType": transport}
    return {"channel": "/meta/connect", "id": "3", **fields}


def upgrade(host: str, headers: Mapping[str, str]) -> bytes:
    """Return the request that turns a connection into a websocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /cometd HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def post(host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a POST of messages."""
    lines = [
        "POST /cometd HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
