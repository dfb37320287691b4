"""The Bayeux protocol: messages and time go in, replies and effects come out, nothing waits."""

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from shared.bayeux.ext.replay import ReplayedEvent, accepts, fetch_next_page, fill
from shared.bayeux.messages import replies
from shared.bayeux.messages.channels import Meta
from shared.bayeux.messages.events import Event, Frame
from shared.bayeux.messages.message import Message, encode
from shared.bayeux.positions import Span
from shared.bayeux.protocol.connect import answer_login_ended, answer_retry, release, with_timestamp
from shared.bayeux.protocol.dispatch import dispatch
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.reply_events import take_reply_events
from shared.bayeux.sessions.counters import Counters
from shared.bayeux.sessions.effects import Effect
from shared.bayeux.sessions.session import Peer, PendingConnect, Replay, Session
from shared.bayeux.sessions.session_registry import SessionRegistry
from shared.bayeux.sessions.subscription_policy import SubscriptionPolicy
from shared.bayeux.settings import BayeuxSettings


def random_id() -> str:
    """Return a client id that nobody guesses (160 bits)."""
    return secrets.token_hex(20)


class Outcome(NamedTuple):
    """What came of a request: texts to send now, or a connect that waits."""

    texts: Sequence[bytes]
    pending: PendingConnect | None


class BayeuxProtocol:
    """All sessions of one process. `now` is a monotonic time in seconds wherever it is asked for.

    After each call its owner performs the effects, and soon calls `collect` for every peer that
    was woken: there may be something for it, or a newer connect took its place.

    Attributes:
        state: What it remembers; nobody else changes it.
    """

    def __init__(
        self,
        settings: BayeuxSettings,
        policy: SubscriptionPolicy,
        *,
        new_id: Callable[[], str] = random_id,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.registry = SessionRegistry(settings, policy, new_id, wall)

    @property
    def counters(self) -> Counters:
        """What happened since the start."""
        return self.registry.counters

    def wall(self) -> float:
        """Return the time of day in seconds since 1970, as the extensions tell it."""
        return self.registry.wall()

    def sessions(self) -> Iterator[Session]:
        """Yield every live session."""
        yield from self.registry.sessions.values()

    def dispatch(
        self, messages: Sequence[Message], peer: Peer, now: float, span: Span | None = None
    ) -> Exchange:
        """Obey the messages of one request or frame; `answer` says what is to be told.

        `span` is what the journal keeps of the user, where it is known: a subscription that
        names a position needs it.
        """
        return dispatch(self.registry, messages, peer, now, span)

    def answer(self, exchange: Exchange) -> list[bytes]:
        """Return what is to be sent at this moment; where events leave, they precede the replies.

        Once for each exchange, and nothing may come between it and the sending.
        """
        texts: list[bytes] = []
        if exchange.pending is None:
            texts = take_reply_events(self.registry, exchange)
            texts += [encode(with_timestamp(self.registry, reply)) for reply in exchange.replies]
        for session in exchange.sessions:
            if session.replays:
                fetch_next_page(self.registry, session)
        return texts

    def collect(self, peer: Peer, now: float) -> list[bytes]:
        """Return what this peer should be sent now; empty when it has to go on waiting.

        A request that waits and whose `session` became None was replaced by a newer one.
        """
        session = peer.session
        if session is None:
            return []
        pending, queue, pushes = session.pending, session.queue, session.pushes()
        if (
            pending is not None
            and pending.peer is peer
            and (pending.is_due(now) or (not pushes and queue))
        ):
            self.registry.note_delay(session, now)
            texts = release(self.registry, session, pending, now)
        elif pushes and session.socket is peer:
            self.registry.note_delay(session, now)
            texts = queue.take(self.registry.settings.max_frame_bytes)
            if queue:
                self.registry.woken[peer] = None
        else:
            return []
        if session.replays:
            fetch_next_page(self.registry, session)
        return texts

    def take_effects(self) -> Sequence[Effect]:
        """Return what is left to be done."""
        effects = self.registry.effects
        if effects:
            self.registry.effects = []
        return effects

    def take_woken(self) -> Iterable[Peer]:
        """Return who is to be collected for, each once."""
        woken = self.registry.woken
        if woken:
            self.registry.woken = {}
        return woken

    def wake(self, peer: Peer) -> None:
        """Have a peer collected for."""
        self.registry.woken[peer] = None

    def begin(self, user_id: str, position: int) -> None:
        """From this position of the user's journal on, everything is going to be published."""
        self.registry.published_up_to[user_id] = position
        for session in list(self.registry.by_user.get(user_id, ())):
            fetch_next_page(self.registry, session)

    def fill(
        self, session_id: str, replay: Replay, page: Sequence[ReplayedEvent], reached: int
    ) -> None:
        """Queue what follows the position that a replay had reached, up to `reached`.

        What does not fit is fetched again when some of the rest has left.
        """
        session = self.registry.sessions.get(session_id)
        if session is None:
            return
        if reached <= replay.reached:
            # It would be asked for again and again.
            self._overflow(session)
            return
        is_whole = fill(session, replay, page, reached)
        if session.queue and (outlet := session.outlet()) is not None:
            self.registry.woken[outlet] = None
        if is_whole:
            fetch_next_page(self.registry, session)

    def restart_sessions(self, sessions: Iterable[Session]) -> None:
        """End sessions that would miss something: their clients shake hands and begin anew."""
        for session in list(sessions):
            self._overflow(session)

    def session(self, session_id: str) -> Session | None:
        """Return a live session."""
        return self.registry.sessions.get(session_id)

    def foreign_session(self, messages: Sequence[Message]) -> str | None:
        """Return the one session that all messages are about, if it is none of this process."""
        named = messages[0].client_id
        if not isinstance(named, str) or named in self.registry.sessions:
            return None
        is_one = all(one.client_id == named and one.channel != Meta.HANDSHAKE for one in messages)
        return named if is_one else None

    def lacks_cookie(self, messages: Sequence[Message], user_id: str, browser: str | None) -> bool:
        """Tell whether a session's own user asks for it, but without the cookie that it needs."""
        named = (self.registry.sessions.get(str(message.client_id)) for message in messages)
        return any(
            session is not None
            and session.user_id == user_id
            and not self.registry.is_its_browser(session, browser)
            for session in named
        )

    def sessions_of(self, user_id: str) -> list[Session]:
        """Return the live sessions of a user."""
        return list(self.registry.by_user.get(user_id, ()))

    def publish(self, user_id: str, topic: str, event: Event, position: int | None = None) -> None:
        """Queue an event for every session of a user that hears the topic.

        One with a position of the journal passes those by who are not there yet.
        """
        registry = self.registry
        registry.counters.published += 1
        if position is not None and user_id in registry.published_up_to:
            registry.published_up_to[user_id] = position
        for channel, session in registry.subscriptions.subscribers(user_id, topic):
            if not session.replays or accepts(session, channel, position):
                self._put(session, event.on(channel))

    def publish_to_all(self, topic: str, event: Event) -> None:
        """Queue an event for every session that hears the topic."""
        for user_id in self.registry.subscriptions.users:
            self.publish(user_id, topic, event)

    def send(self, session_id: str, channel: str, event: Event) -> None:
        """Queue an event for one session, if it is there and still hears that channel."""
        session = self.registry.sessions.get(session_id)
        if session is not None and any(route.channel == channel for route in session.routes):
            self._put(session, event.on(channel))

    def time_out(self, pending: PendingConnect) -> None:
        """Mark a connect as having waited long enough."""
        pending.timed_out = True
        self.registry.woken[pending.peer] = None

    def has_session(self, peer: Peer) -> bool:
        """Tell whether a peer stands for a live session."""
        return peer.session is not None and not peer.session.is_over

    def detach(self, peer: Peer, now: float) -> None:
        """A request was aborted or a socket closed; its session may still be gone on with."""
        self.registry.detach(peer, now)

    def sweep(self, now: float) -> None:
        """End the sessions whose clients did not come back in time, or whose login has ended."""
        for session in list(self.registry.sessions.values()):
            if session.login.ends_at <= now:
                self.registry.end(session, replies.LOGIN_ENDED)
            elif session.pending is None and session.expires_at <= now:
                self.registry.counters.expired += 1
                self.registry.end(session, {})

    def revoke(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """End the sessions of a user, but for those that have one of the proofs in `keeping`."""
        for session in list(self.registry.by_user.get(user_id, ())):
            if session.login.proof not in keeping:
                self.registry.end(session, replies.LOGIN_ENDED)

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """End the sessions that speak by a login session that has ended."""
        for session in list(self.registry.sessions.values()):
            if session.login.session in ended:
                self.registry.end(session, replies.LOGIN_ENDED)

    def drain(self, spread: Callable[[], float]) -> None:
        """Release every connect and hold none from now on; `spread` gives intervals in seconds."""
        self.registry.drain_interval = spread
        for session in self.registry.sessions.values():
            if session.pending is not None:
                self.time_out(session.pending)

    @property
    def is_draining(self) -> bool:
        """Tell whether connects are no longer held."""
        return self.registry.drain_interval is not None

    def answer_retry(self, message: Message) -> bytes:
        """Return what a connect is told while this process stops whose session is in another."""
        return answer_retry(self.registry, message)

    def answer_login_ended(self, message: Message) -> bytes:
        """Return what a connect is told whose session is elsewhere and whose login has ended."""
        return answer_login_ended(self.registry, message)

    def _put(self, session: Session, frame: Frame) -> None:
        if session.is_over:
            # It overflowed a moment ago: what comes now must not be heard before what was lost.
            return
        if not session.queue.put(frame):
            self._overflow(session)
            return
        registry = self.registry
        registry.counters.queued += 1
        if (outlet := session.outlet()) is not None:
            registry.woken[outlet] = None

    def _overflow(self, session: Session) -> None:
        # A gap would go unnoticed; a client told to handshake again asks for the state anew.
        self.registry.counters.overflows += 1
        self.registry.end(
            session,
            {
                "successful": False,
                "error": replies.QUEUE_OVERFLOW,
                "advice": replies.HANDSHAKE_AGAIN,
            },
        )
