"""What the protocol wants done by those who can do I/O."""

from dataclasses import dataclass

from services.gateway.bayeux.policy import Route
from services.gateway.bayeux.session import Peer


@dataclass(frozen=True, slots=True)
class Wake:
    """Something can be collected for this peer, or its connect was replaced by a newer one."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class FirstSubscription:
    """Somebody began to listen to a user's topics."""

    user_id: str


@dataclass(frozen=True, slots=True)
class LastUnsubscription:
    """Nobody listens to a user's topics any more."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One session may want what happened before it came."""

    user_id: str
    route: Route
    session_id: str


Effect = Wake | FirstSubscription | LastUnsubscription | Subscribed
