"""Bayeux messages as JSON: strict when read, written once and as text."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn

MessageId = str | int | float
Fields = Mapping[str, Any]
Reply = dict[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")
_LARGEST: Final = 2**53
_EMPTY: Final[Fields] = MappingProxyType({})
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_escaped = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class MalformedError(ValueError):
    """What a client sent is not a Bayeux request."""


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client, as it came."""

    fields: Fields

    @property
    def channel(self) -> object:
        """Whatever stands where the channel should."""
        return self.fields.get("channel")

    @property
    def id(self) -> MessageId | None:
        """The id to echo; None where there is none or it must not be echoed."""
        value = self.fields.get("id")
        return value if _may_be_echoed(value) else None

    @property
    def has_bad_id(self) -> bool:
        """Tell whether an id is there that must not be echoed."""
        return self.fields.get("id") is not None and self.id is None

    @property
    def client_id(self) -> object:
        """The session that the client claims to be."""
        return self.fields.get("clientId")

    def section(self, name: str) -> Fields:
        """Return the object stored under `name` (`ext`, `advice`), or an empty one."""
        value = self.fields.get(name)
        return value if isinstance(value, dict) else _EMPTY


def decode(body: str | bytes, *, max_batch: int, max_depth: int) -> Sequence[Message]:
    """Read a request: an array of messages, or a single one.

    Raises:
        MalformedError: not JSON, not Bayeux, or past a limit.
    """
    text = _as_text(body)
    value = _load(text)
    batch = value if isinstance(value, list) else [value]
    if not 0 < len(batch) <= max_batch:
        raise MalformedError("a request holds at least one message and not too many")
    if not all(isinstance(entry, dict) for entry in batch):
        raise MalformedError("every message is an object")
    # Few brackets cannot nest deeply: nearly every request is spared the walk.
    if text.count("{") + text.count("[") > max_depth and not _is_shallow(batch, max_depth):
        raise MalformedError("nested too deeply")
    return [Message(entry) for entry in batch]


def encode(value: object) -> str:
    """Write JSON; text that is not Unicode (lone surrogates of old mail) is escaped."""
    text = _compact(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _escaped(value)
    return text


def frame(messages: Iterable[str]) -> str:
    """Join messages that are already JSON into one request, response or frame."""
    return f"[{','.join(messages)}]"


def finite(value: object) -> float | None:
    """Return a number that can be reckoned with and sent back exactly, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= _LARGEST else None


def _as_text(body: str | bytes) -> str:
    try:
        return body if isinstance(body, str) else body.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("not UTF-8") from error


def _load(text: str) -> Any:
    try:
        return _decode(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error


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
