"""All sessions of one process, and the few ways in which they begin, wait and end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.sessions.advice import Times
from shared.bayeux.sessions.counters import Counters
from shared.bayeux.sessions.effects import Effect, LastUnsubscription
from shared.bayeux.sessions.message_queue import MessageQueue
from shared.bayeux.sessions.session import Peer, PendingConnect, Session, Transport
from shared.bayeux.sessions.subscription_policy import Route, SubscriptionPolicy
from shared.bayeux.sessions.subscriptions import Subscriptions
from shared.bayeux.settings import BayeuxSettings

_NO_SESSIONS: Final[frozenset[Session]] = frozenset()


@dataclass(slots=True)
class SessionRegistry:
    """What the protocol remembers between two messages."""

    settings: BayeuxSettings
    policy: SubscriptionPolicy
    new_id: Callable[[], str]
    wall: Callable[[], float]
    counters: Counters = field(default_factory=Counters)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    sessions: dict[str, Session] = field(default_factory=dict)
    half_open: dict[Session, None] = field(default_factory=dict)
    by_user: dict[str, dict[Session, None]] = field(default_factory=dict)
    held_by_browser: dict[str, set[Session]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    woken: dict[Peer, None] = field(default_factory=dict)
    published_up_to: dict[str, int] = field(default_factory=dict)
    drain_interval: Callable[[], float] | None = None
    times: Times = field(init=False)

    def __post_init__(self) -> None:
        self.times = Times.of(self.settings)

    def open(self, peer: Peer, now: float, *, interval: float) -> Session:
        """Begin a session for the user behind `peer`, whose client may connect in `interval`."""
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
        """Return the session a message names, if it is really its owner who speaks."""
        session = self.sessions.get(str(message.client_id))
        if session is None or session.user_id != peer.user_id:
            return None
        if peer.transport is not Transport.WEBSOCKET:
            return session if self.is_its_browser(session, peer.browser) else None
        # Another socket of the same user may go on with a session (a reload, or a client that
        # shook hands by HTTP and keeps no cookies); a socket that already speaks for one session
        # may not speak for a second.
        bound = peer.session
        return session if bound in (None, session) or bound.is_over else None

    def is_its_browser(self, session: Session, browser: str | None) -> bool:
        """Tell whether the user of a session may poll for it with this cookie, or with none."""
        if browser is None:
            return self.settings.trusts_client_id
        return session.browser == browser

    def note_delay(self, session: Session, now: float) -> None:
        """Count how long the oldest event of a session has waited that leaves now."""
        since = session.queue.since()
        if since is not None:
            self.counters.delays.note(now - since)

    def touch(self, session: Session, now: float) -> None:
        """Any message keeps a session for at least the maximum interval."""
        session.expires_at = max(session.expires_at, now + self.times.max_interval)

    def bind(self, session: Session, peer: Peer, now: float) -> None:
        """Let a socket speak and listen for a session from now on."""
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
        """Take a session from its socket."""
        if session.socket is not None and session.socket.session is session:
            session.socket.session = None
        session.socket = None

    def detach(self, peer: Peer, now: float) -> None:
        """Nothing can be sent there any more; the session may still be gone on with."""
        session, peer.session = peer.session, None
        if session is None:
            return
        if session.pending is not None and session.pending.peer is peer:
            self.end_wait(session, now)
        if session.socket is peer:
            session.socket = None

    def hold(self, session: Session, pending: PendingConnect) -> None:
        """Let a connect wait; its session does not expire meanwhile."""
        session.pending = pending
        pending.peer.session = session
        if pending.peer.transport is not Transport.WEBSOCKET and session.browser:
            self.held_by_browser.setdefault(session.browser, set()).add(session)

    def held_by(self, browser: str | None) -> set[Session] | frozenset[Session]:
        """Return the sessions of one browser that occupy a connection of it now."""
        return self.held_by_browser.get(browser or "", _NO_SESSIONS)

    def end_wait(self, session: Session, now: float) -> None:
        """End a wait, however it came to its end, and start the clock of expiry."""
        session.pending = None
        session.expires_at = now + session.interval + self.times.max_interval
        self._free_browser(session)

    def supersede(self, session: Session, now: float) -> None:
        """Drop a waiting connect because a newer one came."""
        if session.pending is None:
            return
        peer = session.pending.peer
        self.end_wait(session, now)
        self.counters.superseded += 1
        if peer is not session.socket:
            peer.session = None
            self.woken[peer] = None

    def stop_hearing(self, session: Session, routes: set[Route]) -> None:
        """Strike routes of a session out."""
        for route in routes:
            session.replays.pop(route.channel, None)
        if self.subscriptions.remove(session, routes):
            self.published_up_to.pop(session.user_id, None)
            self.effects.append(LastUnsubscription(session.user_id))

    def end(self, session: Session, ending: Reply) -> None:
        """Forget a session; a connect that waits is answered with `ending`."""
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
        self.stop_hearing(session, session.routes)
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
