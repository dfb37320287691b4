"""Checks a complete request head and reads from it what decides how the request is served.

The parser has checked the syntax before. The rules (RFC 9110 and 9112) and limits here are the same
for REST, polls and sockets.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from shared.http.answer import Answer, Header

END_OF_HEAD: Final = b"\r\n\r\n"
MAX_UNFINISHED_SIZE: Final = 64 * 1024
"""Octets of a head or a trailer that has not ended."""

MAX_TARGET_SIZE: Final = 8_000
"""Octets of path and query."""

HANDED_ON: Final = b"x-mailroom-handed-on"
"""The header with which one pod forwards a request to another."""

# The limits of nginx and Apache are in this range, so clients keep within them.
_MAX_FIELD_SIZE: Final = 8_000
_MAX_FIELDS: Final = 100
_MAX_FIELDS_SIZE: Final = 32 * 1024
"""Octets of all names and values together."""

_EXTRA_FIELDS_FROM_PODS: Final = 16
_EXTRA_SIZE_FROM_PODS: Final = 1024
"""More than a pod adds to a request, so that what one pod accepts is not too large for the next.

All these limits are below those of the websocket library, which sends no answer beyond its own.
"""

_VERSIONS: Final = frozenset({"1.0", "1.1"})
_HTTP_1_0: Final = "1.0"
_SIGNIFICANT: Final = frozenset(
    {
        b"content-encoding",
        b"content-length",
        b"expect",
        b"host",
        b"sec-websocket-version",
        b"transfer-encoding",
        b"upgrade",
        HANDED_ON,
    }
)
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE: Final = re.compile(
    rb"https?://(?P<host>[^/?]+)(?P<path>/[^?]*)?(?P<query>\?.*)?", re.IGNORECASE
)
_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")


def _refusal(status: int, advice: bytes, *headers: Header) -> Answer:
    return Answer(status, advice, (_PLAIN, *headers))


MALFORMED: Final = _refusal(400, b"This is no request of HTTP/1.1: see RFC 9112.")
TARGET_TOO_LONG: Final = _refusal(414, b"Ask for less in the address: it is longer than 8,000.")
FIELDS_TOO_LARGE: Final = _refusal(
    431, b"Send at most 100 headers of 8,000 octets, together 32,768; fewer cookies help."
)
TINY_CHUNKS: Final = _refusal(400, b"Send larger chunks: at least 64 octets each on average.")
TOO_LATE: Final = _refusal(408, b"The rest of this request came too late: send it again at once.")
OTHER_VERSION: Final = _refusal(505, b"Speak HTTP/1.1.")
_OTHER_METHOD: Final = _refusal(501, b"There is no CONNECT here: ask for the address itself.")
_ASTERISK: Final = Answer(200, headers=((b"allow", b"GET, HEAD, POST, PUT, DELETE, OPTIONS"),))
_NOT_ONE_HOST: Final = _refusal(400, b"Send one Host, a name or an address with or without a port.")
_OTHER_TARGET: Final = _refusal(400, b"Ask for a path, or for an address with http or https.")
_OTHER_CODING: Final = _refusal(501, b"Send the body as it is, or chunked.")
_ENCODED_BODY: Final = _refusal(
    415, b"Send the body without Content-Encoding.", (b"accept-encoding", b"identity")
)
"""RFC 9110, 8.4 and 12.5.3. Nothing is unpacked, so no small body becomes a large one."""
_CODING_IN_HTTP_1_0: Final = _refusal(
    400, b"HTTP/1.0 has no Transfer-Encoding: send Content-Length."
)
_OTHER_EXPECTATION: Final = _refusal(417, b"Expect nothing but 100-continue.")
_SOCKET_WITH_BODY: Final = _refusal(400, b"Ask for a websocket without a body.")
_OTHER_SOCKETS: Final = Answer(
    426,
    headers=(
        (b"connection", b"upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
    ),
)
"""RFC 6455, 4.4, and RFC 9110, 15.5.22."""


class HeadRefusedError(Exception):
    """The head is refused, whatever follows it.

    Attributes:
        answer: The answer to the client.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class RequestHead(NamedTuple):
    """The parts of a head that decide how its request is served.

    Attributes:
        target: Path and query.
        host: The host with its port, if any; None only in HTTP/1.0.
        body_size: Octets of the body; None if it comes in chunks.
        expects_continue: Whether the client waits for `100 Continue` before it sends the body.
        is_websocket: Whether the request is an upgrade to a websocket.
    """

    target: bytes
    host: bytes | None
    body_size: int | None
    expects_continue: bool
    is_websocket: bool


def read_head(
    method: bytes, version: str, target: bytes, fields: Sequence[Header], *, is_upgrade: bool
) -> RequestHead:
    """Check a head and return its parts; names in `fields` are in lower case.

    `is_upgrade` tells whether the parser saw an upgrade. Upgrades may be ignored, and have to be
    ignored in HTTP/1.0 (RFC 9110, 7.8).

    Raises:
        HeadRefusedError: The head is ambiguous, too large, or asks for something unsupported.
    """
    _require_supported(method, version, target)
    fields_by_name = _significant_fields(fields)
    target, host = _target_and_host(method, version, target, fields_by_name.get(b"host", ()))
    body_size = _body_size(version, fields_by_name)
    if body_size != 0 and not _tokens(fields_by_name, b"content-encoding") <= {b"identity"}:
        raise HeadRefusedError(_ENCODED_BODY)
    expects_continue = is_websocket = False
    if b"expect" in fields_by_name and version != _HTTP_1_0:
        expects_continue = _expects_continue(fields_by_name) and body_size != 0
    if is_upgrade and method == b"GET" and version != _HTTP_1_0:
        is_websocket = _tokens(fields_by_name, b"upgrade") == {b"websocket"}
        if is_websocket:
            _require_valid_upgrade(fields_by_name, body_size)
    return RequestHead(target, host, body_size, expects_continue, is_websocket)


def _require_supported(method: bytes, version: str, target: bytes) -> None:
    if version not in _VERSIONS:
        raise HeadRefusedError(OTHER_VERSION)
    if len(target) > MAX_TARGET_SIZE:
        raise HeadRefusedError(TARGET_TOO_LONG)
    if method == b"CONNECT":
        raise HeadRefusedError(_OTHER_METHOD)


def _significant_fields(fields: Sequence[Header]) -> Mapping[bytes, Sequence[bytes]]:
    """Check the size of all fields; return the values of those that decide something, by name."""
    if len(fields) > _MAX_FIELDS + _EXTRA_FIELDS_FROM_PODS:
        raise HeadRefusedError(FIELDS_TOO_LARGE)
    fields_by_name: dict[bytes, list[bytes]] = {}
    total_size = 0
    for name, value in fields:
        size = len(name) + len(value)
        if size > _MAX_FIELD_SIZE:
            raise HeadRefusedError(FIELDS_TOO_LARGE)
        total_size += size
        if name in _SIGNIFICANT:
            fields_by_name.setdefault(name, []).append(value.strip(b" \t"))
    is_from_pod = HANDED_ON in fields_by_name
    if (
        len(fields) > _MAX_FIELDS + is_from_pod * _EXTRA_FIELDS_FROM_PODS
        or total_size > _MAX_FIELDS_SIZE + is_from_pod * _EXTRA_SIZE_FROM_PODS
    ):
        raise HeadRefusedError(FIELDS_TOO_LARGE)
    return fields_by_name


def _target_and_host(
    method: bytes, version: str, target: bytes, hosts: Sequence[bytes]
) -> tuple[bytes, bytes | None]:
    """Return the path with its query, and the host (RFC 9112, 3.2)."""
    if len(hosts) != 1 and (hosts or version != _HTTP_1_0):
        raise HeadRefusedError(_NOT_ONE_HOST)
    host = hosts[0] if hosts else None
    if not target.startswith(b"/"):
        if target == b"*" and method == b"OPTIONS":
            raise HeadRefusedError(_ASTERISK)
        if (absolute := _ABSOLUTE.fullmatch(target)) is None:
            raise HeadRefusedError(_OTHER_TARGET)
        # An absolute target takes precedence over Host (RFC 9112, 3.2.2).
        host, path, query = absolute.groups(b"")
        target = (path or b"/") + query
    if b"#" in target:
        raise HeadRefusedError(_OTHER_TARGET)
    if host is not None and not _HOST.fullmatch(host):
        raise HeadRefusedError(_NOT_ONE_HOST)
    return target, host


def _body_size(version: str, fields_by_name: Mapping[bytes, Sequence[bytes]]) -> int | None:
    """Return the octets of the body; None if it comes in chunks (RFC 9112, 6)."""
    if b"transfer-encoding" not in fields_by_name:
        # The parser accepts a single Content-Length with a number only.
        return (
            int(fields_by_name[b"content-length"][0]) if b"content-length" in fields_by_name else 0
        )
    if version == _HTTP_1_0:
        raise HeadRefusedError(_CODING_IN_HTTP_1_0)
    if b",".join(fields_by_name[b"transfer-encoding"]).lower() != b"chunked":
        raise HeadRefusedError(_OTHER_CODING)
    return None


def _expects_continue(fields_by_name: Mapping[bytes, Sequence[bytes]]) -> bool:
    expected = _tokens(fields_by_name, b"expect")
    if not expected <= {b"100-continue"}:
        raise HeadRefusedError(_OTHER_EXPECTATION)
    return bool(expected)


def _require_valid_upgrade(
    fields_by_name: Mapping[bytes, Sequence[bytes]], body_size: int | None
) -> None:
    if body_size != 0:
        raise HeadRefusedError(_SOCKET_WITH_BODY)
    if fields_by_name.get(b"sec-websocket-version") != [b"13"]:
        raise HeadRefusedError(_OTHER_SOCKETS)


def _tokens(fields_by_name: Mapping[bytes, Sequence[bytes]], name: bytes) -> frozenset[bytes]:
    """Return the members of a list-valued field, in lower case (RFC 9110, 5.6.1)."""
    members = b",".join(fields_by_name.get(name, ())).lower().split(b",")
    return frozenset(member.strip(b" \t") for member in members) - {b""}


def octets_after_last_head(data: bytes) -> int:
    """Return how many octets follow the last end of a head or trailer in `data`."""
    end = data.rfind(END_OF_HEAD)
    return len(data) if end < 0 else len(data) - end - len(END_OF_HEAD)
