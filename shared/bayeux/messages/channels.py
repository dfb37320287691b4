"""Names and patterns of Bayeux channels (Bayeux 1.0, section 2.2)."""

import re
from enum import StrEnum
from typing import Final

# The same characters as the official client accepts, so that none of its channels fails here.
_NAME: Final = re.compile(r"/[A-Za-z0-9\-_!~()$@ #*+.{}/]+")


class Meta(StrEnum):
    """The channels of the protocol itself."""

    HANDSHAKE = "/meta/handshake"
    CONNECT = "/meta/connect"
    SUBSCRIBE = "/meta/subscribe"
    UNSUBSCRIBE = "/meta/unsubscribe"
    DISCONNECT = "/meta/disconnect"


def is_valid(name: object, *, longest: int) -> bool:
    """Tell whether a value is a valid channel or pattern of at most `longest` characters."""
    return isinstance(name, str) and len(name) <= longest and _NAME.fullmatch(name) is not None


def is_meta(name: str) -> bool:
    """Tell whether a channel, or everything that a pattern matches, is a meta channel."""
    return name == "/meta" or name.startswith("/meta/")


def is_service(name: str) -> bool:
    """Tell whether a channel is for requests of a client to the server."""
    return name.startswith("/service/")


def is_pattern(name: str) -> bool:
    """Tell whether a name stands for several channels."""
    return name.endswith(("/*", "/**"))


def matches(pattern: str, channel: str) -> bool:
    """Tell whether `pattern` matches `channel`: `/*` one more segment, `/**` one or more."""
    if pattern.endswith("/**"):
        return channel.startswith(pattern[:-2]) and len(channel) > len(pattern) - 2
    if pattern.endswith("/*"):
        prefix, _, last = channel.rpartition("/")
        return prefix == pattern[:-2] and last != ""
    return pattern == channel
