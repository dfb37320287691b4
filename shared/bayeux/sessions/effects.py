"""Effects: what the protocol, which does no I/O, leaves to the driver."""

from dataclasses import dataclass

from shared.bayeux.sessions.replay_progress import ReplayProgress
from shared.bayeux.sessions.subscription_policy import Route


@dataclass(frozen=True, slots=True)
class FirstSubscription:
    """The first subscription of a user in this process was made."""

    user_id: str


@dataclass(frozen=True, slots=True)
class LastUnsubscription:
    """The last subscription of a user in this process is gone."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A session subscribed without a position; the listener may send it the present state."""

    user_id: str
    route: Route
    session_id: str


@dataclass(frozen=True, slots=True)
class PageWanted:
    """A session has room for the next page of a replay, after `replay.reached`."""

    user_id: str
    session_id: str
    replay: ReplayProgress


Effect = FirstSubscription | LastUnsubscription | Subscribed | PageWanted
