"""Bayeux messages as JSON: strict when read, written once and as bytes."""

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
_LARGEST: Final = 2**53
_EMPTY: Final[Fields] = MappingProxyType({})


class MalformedError(ValueError):
    """What a client sent is not a Bayeux request."""


class Message:
    """One message of a client, as it came.

    Attributes:
        fields: All that it says.
        channel: Whatever stands where the channel should.
        client_id: The session that the client claims to be.
        id: The id to echo; None where there is none or it must not be echoed.
        has_bad_id: Whether an id is there that must not be echoed.
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
        MalformedError: not JSON (NaN, half characters), not Bayeux, or past a limit.
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
    # Few brackets cannot nest deeply: nearly every request is spared the walk.
    if _brackets(body) > max_depth and not _is_shallow(batch, max_depth):
        raise MalformedError("nested too deeply")
    return messages


def encode(value: object) -> bytes:
    """Write JSON; text that is not Unicode (lone surrogates of old mail) is escaped."""
    try:
        return to_json(value, inf_nan_mode="null")
    except PydanticSerializationError:
        return json.dumps(value, separators=(",", ":")).encode()


def frame(messages: Iterable[bytes]) -> bytes:
    """Join messages that are already JSON into one request, response or frame."""
    return b"[" + b",".join(messages) + b"]"


def finite(value: object) -> float | None:
    """Return a number that can be reckoned with and sent back exactly, or None."""
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
