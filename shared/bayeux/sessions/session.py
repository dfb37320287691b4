"""The state of one client: who it is, what it hears, whether it waits."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.sessions.advice import Advice
from shared.bayeux.sessions.message_queue import MessageQueue
from shared.bayeux.sessions.subscription_policy import Route


class Transport(StrEnum):
    """How messages travel, by the names that a handshake lists."""

    WEBSOCKET = "websocket"
    LONG_POLLING = "long-polling"
    CALLBACK_POLLING = "callback-polling"


@dataclass(frozen=True, slots=True)
class Login:
    """By what right somebody speaks.

    `proof` is what a revocation compares, `ends_at` the monotonic time when the right ends, and
    `session` the login session with which it ends, where a cookie is all that was shown.
    """

    proof: str = ""
    ends_at: float = math.inf
    session: str = ""


class Peer(Protocol):
    """The other end as a transport knows it: one request, or one socket for all its life."""

    user_id: str
    login: Login
    transport: Transport
    browser: str | None
    session: "Session | None"

    @property
    def is_there(self) -> bool:
        """Tell whether anybody would read an answer."""
        ...

    def flush(self) -> None:
        """Send what `BayeuxProtocol.collect` returns, if it can; must not block."""
        ...


@dataclass(slots=True, eq=False)
class PendingConnect:
    """A connect that waits for an event, for its deadline, or for the end of its session."""

    peer: Peer
    message: Message
    received_ms: float
    deadline: float
    timed_out: bool = False
    repeats_advice: bool = False
    ending: Reply | None = None

    def is_due(self, now: float) -> bool:
        """Tell whether it has to be answered even without an event."""
        return self.timed_out or self.ending is not None or now >= self.deadline


@dataclass(slots=True, eq=False)
class Replay:
    """A session's way through the journal, for channels that began together, and their topics.

    `reached` is the last position it was given. Once it is live, all that follows is given to it
    as it is published.
    """

    reached: int
    topics: dict[str, str] = field(default_factory=dict)
    is_page_requested: bool = False
    is_live: bool = False


@dataclass(slots=True, eq=False)
class Session:
    """One client between handshake and disconnect or expiry."""

    id: str
    user_id: str
    browser: str | None
    queue: MessageQueue
    expires_at: float
    login: Login = Login()
    acknowledging: bool = False
    is_confirmed: bool = False
    connected: bool = False
    is_over: bool = False
    batch: int = 0
    transport: Transport = Transport.LONG_POLLING
    interval: float = 0.0
    socket: Peer | None = None
    pending: PendingConnect | None = None
    advised: tuple[Transport, Advice] | None = None
    subscriptions: dict[str, tuple[Route, ...]] = field(default_factory=dict)
    replays: dict[str, Replay] = field(default_factory=dict)

    @property
    def routes(self) -> set[Route]:
        """All that its subscriptions deliver, each once."""
        return {route for routes in self.subscriptions.values() for route in routes}

    def pushes(self) -> bool:
        """Tell whether events go out as they come instead of with the answer to a connect."""
        return self.socket is not None and not self.acknowledging

    def outlet(self) -> Peer | None:
        """Where an event could leave at this moment."""
        if self.pending is not None:
            return self.pending.peer
        return None if self.acknowledging else self.socket
