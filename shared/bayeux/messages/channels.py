"""Names and patterns of Bayeux channels (Bayeux 1.0, section 2.2)."""

import re
from enum import StrEnum
from typing import Final

# As wide as the validator of the official client, so that nothing it lets through fails here.
_NAME: Final = re.compile(r"/[A-Za-z0-9\-_!~()$@ #*+.{}/]+")


class Meta(StrEnum):
    """The channels that the protocol itself uses."""

    HANDSHAKE = "/meta/handshake"
    CONNECT = "/meta/connect"
    SUBSCRIBE = "/meta/subscribe"
    UNSUBSCRIBE = "/meta/unsubscribe"
    DISCONNECT = "/meta/disconnect"


def is_valid(name: object, *, longest: int) -> bool:
    """Tell whether this may be the name of a channel or a pattern."""
    return isinstance(name, str) and len(name) <= longest and _NAME.fullmatch(name) is not None


def is_meta(name: str) -> bool:
    """Tell whether the channel, or all that a pattern matches, belongs to the protocol."""
    return name == "/meta" or name.startswith("/meta/")


def is_service(name: str) -> bool:
    """Tell whether the channel carries requests of one client to the server."""
    return name.startswith("/service/")


def is_pattern(name: str) -> bool:
    """Tell whether the name stands for several channels."""
    return name.endswith(("/*", "/**"))


def matches(pattern: str, channel: str) -> bool:
    """Tell whether `pattern` covers `channel`: `/*` one more segment, `/**` one or more."""
    if pattern.endswith("/**"):
        return channel.startswith(pattern[:-2]) and len(channel) > len(pattern) - 2
    if pattern.endswith("/*"):
        prefix, _, last = channel.rpartition("/")
        return prefix == pattern[:-2] and last != ""
    return pattern == channel
