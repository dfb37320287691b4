"""What the protocol wants done by those who can do I/O."""

from dataclasses import dataclass

from shared.bayeux.sessions.session import Replay
from shared.bayeux.sessions.subscription_policy import Route


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
    """One session hears only what is new, and may want to know what is open."""

    user_id: str
    route: Route
    session_id: str


@dataclass(frozen=True, slots=True)
class PageWanted:
    """A session has room for the events that follow the position its replay has reached."""

    user_id: str
    session_id: str
    replay: Replay


Effect = FirstSubscription | LastUnsubscription | Subscribed | PageWanted
