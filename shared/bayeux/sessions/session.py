"""The state of one client: its login, subscriptions, queue, and waiting connect."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.messages.message_queue import MessageQueue
from shared.bayeux.sessions.advice import Advice
from shared.bayeux.sessions.replay_progress import ReplayProgress
from shared.bayeux.sessions.subscription_policy import Route


class Transport(StrEnum):
    """The transports, by their names in a handshake."""

    WEBSOCKET = "websocket"
    LONG_POLLING = "long-polling"
    CALLBACK_POLLING = "callback-polling"


@dataclass(frozen=True, slots=True)
class Login:
    """The login by which a request or socket is served.

    Attributes:
        proof: Compared by `revoke`, to keep the sessions of a login that is still valid.
        ends_at: The end of the login (monotonic, seconds).
        session: The login session with which it ends, if only its cookie was shown; else empty.
        roles: What the user may do, in the application's words. The policy decides by them.
    """

    proof: str = ""
    ends_at: float = math.inf
    session: str = ""
    roles: frozenset[str] = frozenset()


class Peer(Protocol):
    """The client's end of a transport: a request until it is answered, or a socket."""

    user_id: str
    login: Login
    transport: Transport
    browser: str | None
    session: "Session | None"

    @property
    def is_there(self) -> bool:
        """Tell whether the client would get an answer."""
        ...

    def flush(self) -> None:
        """Send what `BayeuxProtocol.collect` returns, if possible; must not block."""
        ...


@dataclass(slots=True, eq=False)
class PendingConnect:
    """A connect that waits for an event, for its deadline, or for the end of its session.

    Attributes:
        received_ms: The time of its arrival in milliseconds since 1970, for timesync.
        deadline: When it is answered without an event (monotonic, seconds).
        timed_out: Whether it has waited long enough, or the process stops.
        repeats_advice: Whether the client sent advice, so that the reply has to have it too.
        ending: Fields of the reply, if the session has ended meanwhile.
    """

    peer: Peer
    message: Message
    received_ms: float
    deadline: float
    timed_out: bool = False
    repeats_advice: bool = False
    ending: Reply | None = None

    def is_due(self, now: float) -> bool:
        """Tell whether it is to be answered even without an event."""
        return self.timed_out or self.ending is not None or now >= self.deadline


@dataclass(slots=True, eq=False)
class Session:
    """One client between handshake and disconnect or expiry.

    Attributes:
        browser: The id of its browser, from the cookie; None for a socket without the cookie.
        expires_at: When it ends unless a message comes (monotonic, seconds).
        acknowledging: Whether the ack extension is in use.
        is_confirmed: Whether a message came after the handshake.
        connected: Whether a connect was answered.
        batch: The number of the last answered connect, for the ack extension.
        interval: The time until the client connects again, in seconds.
        socket: The websocket of this session.
        pending: The connect that waits.
        advised: The advice that the client was sent last, and for which transport.
        subscriptions: The routes of each subscribed channel or pattern.
        replays: The replays of channels that have not caught up yet.
    """

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
    replays: dict[str, ReplayProgress] = field(default_factory=dict)

    @property
    def routes(self) -> set[Route]:
        """The routes of all subscriptions, each once."""
        return {route for routes in self.subscriptions.values() for route in routes}

    def pushes(self) -> bool:
        """Tell whether events are pushed by the socket instead of sent with a connect's answer."""
        return self.socket is not None and not self.acknowledging

    def outlet(self) -> Peer | None:
        """Return the peer by which an event can be sent now, or None."""
        if self.pending is not None:
            return self.pending.peer
        return None if self.acknowledging else self.socket
