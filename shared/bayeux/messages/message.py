"""Reads Bayeux messages strictly, and writes them as JSON bytes."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import PydanticSerializationError, from_json, to_json

MessageId = str | int | float
Fields = Mapping[str, Any]
Reply = dict[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")
# Clients compute in doubles, which are exact up to here.
_LARGEST: Final = 2**53
_EMPTY: Final[Fields] = MappingProxyType({})


class MalformedError(ValueError):
    """The client's data is no Bayeux request."""


class Message:
    """One message of a client, not validated except for its id.

    Attributes:
        fields: All fields.
        channel: The value of `channel`, of any type.
        client_id: The value of `clientId`, of any type.
        id: The id to repeat in the reply; None if there is none or it is invalid.
        has_bad_id: Whether there is an invalid id.
    """

    __slots__ = ("channel", "client_id", "fields", "has_bad_id", "id")

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.channel: object = fields.get("channel")
        self.client_id: object = fields.get("clientId")
        named = fields.get("id")
        self.id: MessageId | None = named if _may_be_echoed(named) else None
        self.has_bad_id = named is not None and self.id is None

    def section(self, name: str) -> Fields:
        """Return the object stored under `name` (`ext`, `advice`), or an empty one."""
        value = self.fields.get(name)
        return value if isinstance(value, dict) else _EMPTY


def decode(body: str | bytes, *, max_batch: int, max_depth: int) -> Sequence[Message]:
    """Read a request: an array of messages, or a single one.

    Raises:
        MalformedError: Not JSON (NaN, lone surrogates), not Bayeux, or beyond a limit.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedError("not JSON") from error
    batch = value if isinstance(value, list) else [value]
    if not 0 < len(batch) <= max_batch:
        raise MalformedError("a request holds at least one message and not too many")
    messages = []
    for entry in batch:
        if not isinstance(entry, dict):
            raise MalformedError("every message is an object")
        messages.append(Message(entry))
    # Few brackets cannot nest deeply, so nearly every request skips the expensive check.
    if _brackets(body) > max_depth and not _is_shallow(batch, max_depth):
        raise MalformedError("nested too deeply")
    return messages


def encode(value: object) -> bytes:
    """Return a value as JSON; lone surrogates are escaped, NaN and infinity become null."""
    try:
        return to_json(value, inf_nan_mode="null")
    except PydanticSerializationError:
        return json.dumps(value, separators=(",", ":")).encode()


def frame(messages: Iterable[bytes]) -> bytes:
    """Join messages that are JSON already into one array."""
    return b"[" + b",".join(messages) + b"]"


def finite(value: object) -> float | None:
    """Return a number that a double represents exactly (up to 2**53), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= _LARGEST else None


def _brackets(body: str | bytes) -> int:
    if isinstance(body, str):
        return body.count("{") + body.count("[")
    return body.count(b"{") + body.count(b"[")


def _may_be_echoed(value: object) -> bool:
    if isinstance(value, str):
        return _ID.fullmatch(value) is not None
    return finite(value) is not None


def _is_shallow(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return True
    return False


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
