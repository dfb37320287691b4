"""What the hub asks before it subscribes anybody to anything."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """A topic of the gateway and the channel on which one session wants it."""

    topic: str
    channel: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A subscription that is allowed, and all that it can ever deliver."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """A subscription that is refused; the reason is told to the client."""

    reason: str


SubscriptionPolicy = Callable[[str, str], Grant | Denial]
"""Judges (user id, channel or pattern)."""
