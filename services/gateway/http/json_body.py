"""Reads a JSON body strictly: bounded, and safe to store and to publish."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from services.gateway.errors import RequestError, Situation
from services.gateway.http.asgi import AbortedError, Receive, TooLargeError, read_body

# MongoDB stores at most 100 levels, and the object becomes part of a document.
_MAX_DEPTH: Final = 32
# The largest integer of BSON.
_MAX_INTEGER: Final = 2**63 - 1

_MOST_TOKENS: Final = 30_000
"""Texts, commas and opening brackets of a body. A mail to 1,500 people with names has 10,500."""

# The end of the body ends a text as well: without that, each quote of a text without end would be
# tried as a beginning, which takes the square of its length.
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)

Body = Mapping[str, Any]


async def read_object(receive: Receive, *, at_most: int) -> Body:
    """Return the JSON object in the body of a request.

    Raises:
        RequestError: It is too large, not JSON, not an object, or cannot be stored.
        AbortedError: The client disconnected before the end.
    """
    try:
        return parse_object(await read_body(receive, at_most=at_most))
    except TooLargeError as error:
        raise RequestError(
            Situation.TOO_LARGE,
            f"the body is larger than {at_most} bytes",
            headers={"Connection": "close"},
        ) from error


def parse_object(body: bytes) -> Body:
    """Return the JSON object in some bytes (RFC 8259, UTF-8).

    Raises:
        RequestError: It is not JSON, not an object, or cannot be stored.
    """
    _require_few_tokens(body)
    try:
        value = json.loads(
            body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates
        )
    except (ValueError, RecursionError) as error:
        raise _refused("the body is not valid JSON") from error
    if not isinstance(value, dict):
        raise _refused("the body has to be a JSON object")
    _require_storable(value)
    return value


def _require_few_tokens(body: bytes) -> None:
    """Refuse a body of countless small values before it is read.

    Two megabytes of them hold the event loop for half a second; as one text they take 3 ms.
    """
    if _structural(body, 0, len(body)) + body.count(b'"') <= _MOST_TOKENS:
        return
    tokens, at = 0, 0
    for text in _TEXT.finditer(body):
        tokens += 1 + _structural(body, at, text.start())
        at = text.end()
        if tokens > _MOST_TOKENS:
            break
    if tokens + _structural(body, at, len(body)) > _MOST_TOKENS:
        raise _refused(f"the body has more than {_MOST_TOKENS} texts, commas and brackets")


def _structural(body: bytes, start: int, end: int) -> int:
    return sum(body.count(one, start, end) for one in (b",", b"[", b"{"))


def _require_storable(value: object) -> None:
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        for one in level:
            _require_storable_leaf(one)
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise _refused(f"the body is nested deeper than {_MAX_DEPTH} levels")


def _require_storable_leaf(value: object) -> None:
    if isinstance(value, int) and abs(value) > _MAX_INTEGER:
        raise _refused("a number is larger than 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused("a number is larger than a double can be")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _refused("a text has half of a surrogate pair") from error


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return (*value.keys(), *value.values())
    return value if isinstance(value, list) else ()


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object without duplicate names: parsers differ in which one they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refused(message: str) -> RequestError:
    return RequestError(Situation.VALUE_REFUSED, message)


__all__ = ["AbortedError", "Body", "parse_object", "read_object"]
