"""The interface by which the application grants or denies subscriptions."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """A topic of the application and the channel on which a session receives it."""

    topic: str
    channel: str


@dataclass(frozen=True, slots=True)
class Grant:
    """An allowed subscription, with all routes that it can ever deliver."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused subscription; the reason is sent to the client."""

    reason: str


SubscriptionPolicy = Callable[[str, str, frozenset[str]], Grant | Denial]
"""Called with the user's id, the channel or pattern, and the roles of the login."""
