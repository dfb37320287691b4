"""All sessions of one process, and the changes of state that they go through."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.messages.message_queue import MessageQueue
from shared.bayeux.sessions.advice_times import AdviceTimes
from shared.bayeux.sessions.counters import Counters
from shared.bayeux.sessions.effects import Effect, LastUnsubscription
from shared.bayeux.sessions.session import Peer, PendingConnect, Session, Transport
from shared.bayeux.sessions.subscription_policy import Route, SubscriptionPolicy
from shared.bayeux.sessions.subscriptions import Subscriptions
from shared.bayeux.settings import BayeuxSettings

_NO_SESSIONS: Final[frozenset[Session]] = frozenset()


@dataclass(slots=True)
class SessionRegistry:
    """The protocol's state between two messages.

    Attributes:
        wall: Returns the time in seconds since 1970, for the extensions.
        sessions: Live sessions by id.
        half_open: Sessions without a message since their handshake, oldest first.
        by_user: Live sessions by user, oldest first.
        held_by_browser: Sessions with a held poll, by browser id.
        effects: Effects for the driver, not taken yet.
        woken: Peers to collect messages for, not taken yet.
        last_published: The last published position of each user's journal.
        drain_interval: Returns intervals in seconds while the process stops; else None.
        times: The settings' durations in seconds.
    """

    settings: BayeuxSettings
    policy: SubscriptionPolicy
    new_id: Callable[[], str]
    wall: Callable[[], float]
    counters: Counters = field(default_factory=Counters)
    subscriptions: Subscriptions[Session] = field(default_factory=Subscriptions)
    sessions: dict[str, Session] = field(default_factory=dict)
    half_open: dict[Session, None] = field(default_factory=dict)
    by_user: dict[str, dict[Session, None]] = field(default_factory=dict)
    held_by_browser: dict[str, set[Session]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    woken: dict[Peer, None] = field(default_factory=dict)
    last_published: dict[str, int] = field(default_factory=dict)
    drain_interval: Callable[[], float] | None = None
    times: AdviceTimes = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.times = AdviceTimes.of(
            timeout=settings.timeout,
            interval=settings.interval,
            max_interval=settings.max_interval,
            first_interval=settings.first_interval,
            crowded_interval=settings.multi_session_interval,
        )

    def open(self, peer: Peer, now: float, *, interval: float) -> Session:
        """Open a session for the user of `peer`; the client is to connect in `interval` seconds."""
        session = Session(
            id=self.new_id(),
            user_id=peer.user_id,
            browser=peer.browser,
            login=peer.login,
            transport=peer.transport,
            queue=MessageQueue(
                max_events=self.settings.max_queued_events,
                max_bytes=self.settings.max_queued_bytes,
            ),
            expires_at=now + interval + min(self.times.first_interval, self.times.max_interval),
        )
        self.sessions[session.id] = session
        self.half_open[session] = None
        self.by_user.setdefault(session.user_id, {})[session] = None
        return session

    def find(self, message: Message, peer: Peer) -> Session | None:
        """Return the session that a message names, if `peer` may use it; else None."""
        session = self.sessions.get(str(message.client_id))
        if session is None or session.user_id != peer.user_id:
            return None
        if peer.transport is not Transport.WEBSOCKET:
            return session if self.is_its_browser(session, peer.browser) else None
        # Another socket of the same user may continue a session: after a reload, or for a client
        # that shook hands by HTTP and keeps no cookies. One socket cannot serve two sessions.
        bound = peer.session
        return session if bound in (None, session) or bound.is_over else None

    def sessions_of(self, user_id: str) -> Collection[Session]:
        """Return the live sessions of a user, oldest first; they change with the registry."""
        return self.by_user.get(user_id, _NO_SESSIONS)

    def is_its_browser(self, session: Session, browser: str | None) -> bool:
        """Tell whether a session's user may poll for it with this browser id, or without one."""
        if browser is None:
            return self.settings.trusts_client_id
        return session.browser == browser

    def note_delay(self, session: Session, now: float) -> None:
        """Count the time that the oldest event of a session has waited, which leaves now."""
        since = session.queue.since()
        if since is not None:
            self.counters.delays.note(now - since)

    def touch(self, session: Session, now: float) -> None:
        """Keep a session alive for at least `max_interval` from now."""
        session.expires_at = max(session.expires_at, now + self.times.max_interval)

    def bind(self, session: Session, peer: Peer, now: float) -> None:
        """Make a socket the session's own, in place of its present socket or waiting connect."""
        if session.socket is peer:
            return
        self.unbind(session)
        if session.pending is not None:
            self.supersede(session, now)
        self.detach(peer, now)
        session.socket, peer.session = peer, session
        if session.queue and session.pushes():
            self.woken[peer] = None

    def unbind(self, session: Session) -> None:
        """Separate a session from its socket."""
        if session.socket is not None and session.socket.session is session:
            session.socket.session = None
        session.socket = None

    def detach(self, peer: Peer, now: float) -> None:
        """Separate a peer that can receive nothing more from its session, which stays live."""
        session, peer.session = peer.session, None
        if session is None:
            return
        if session.pending is not None and session.pending.peer is peer:
            self.end_wait(session, now)
        if session.socket is peer:
            session.socket = None

    def hold(self, session: Session, pending: PendingConnect) -> None:
        """Hold a connect; its session does not expire meanwhile."""
        session.pending = pending
        pending.peer.session = session
        if pending.peer.transport is not Transport.WEBSOCKET and session.browser:
            self.held_by_browser.setdefault(session.browser, set()).add(session)

    def held_by(self, browser: str | None) -> set[Session] | frozenset[Session]:
        """Return the sessions of a browser that have a held poll."""
        return self.held_by_browser.get(browser or "", _NO_SESSIONS)

    def end_wait(self, session: Session, now: float) -> None:
        """Clear the waiting connect of a session, and start the time until it expires."""
        session.pending = None
        session.expires_at = now + session.interval + self.times.max_interval
        self._free_browser(session)

    def supersede(self, session: Session, now: float) -> None:
        """Drop a waiting connect because a newer one or a socket replaces it."""
        if session.pending is None:
            return
        peer = session.pending.peer
        self.end_wait(session, now)
        self.counters.superseded += 1
        if peer is not session.socket:
            peer.session = None
            self.woken[peer] = None

    def remove_routes(self, session: Session, routes: set[Route]) -> None:
        """Remove routes of a session, with their replays."""
        for route in routes:
            session.replays.pop(route.channel, None)
        if self.subscriptions.remove(session.user_id, session, routes):
            self.last_published.pop(session.user_id, None)
            self.effects.append(LastUnsubscription(session.user_id))

    def end(self, session: Session, ending: Reply) -> None:
        """End a session; a waiting connect is answered with the fields of `ending`."""
        if self.sessions.pop(session.id, None) is None:
            return
        session.is_over = True
        self.half_open.pop(session, None)
        self._forget_user(session)
        session.queue.clear()
        self._free_browser(session)
        if session.pending is not None:
            session.pending.ending = ending
            self.woken[session.pending.peer] = None

    def _forget_user(self, session: Session) -> None:
        self.remove_routes(session, session.routes)
        session.subscriptions.clear()
        mine = self.by_user[session.user_id]
        del mine[session]
        if not mine:
            del self.by_user[session.user_id]

    def _free_browser(self, session: Session) -> None:
        held = self.held_by_browser.get(session.browser or "")
        if held is None:
            return
        held.discard(session)
        if not held:
            del self.held_by_browser[session.browser or ""]
