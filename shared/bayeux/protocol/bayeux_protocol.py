"""The Bayeux protocol as plain calls: messages and the time go in, replies and effects come out."""

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from shared.bayeux.journal import Page, Span
from shared.bayeux.messages import replies
from shared.bayeux.messages.channels import Meta
from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import Message, Reply, encode
from shared.bayeux.messages.message_queue import Frame
from shared.bayeux.protocol.connect import login_ended_reply, release, retry_reply
from shared.bayeux.protocol.dispatch import dispatch
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.reply_events import take_reply_events
from shared.bayeux.sessions.counters import Counters
from shared.bayeux.sessions.effects import Effect
from shared.bayeux.sessions.extension import Extension, Extensions
from shared.bayeux.sessions.replay_progress import ReplayProgress
from shared.bayeux.sessions.replays import accepts, fetch_next_page, fill
from shared.bayeux.sessions.session import Peer, PendingConnect, Session
from shared.bayeux.sessions.session_registry import SessionRegistry
from shared.bayeux.sessions.subscription_policy import SubscriptionPolicy
from shared.bayeux.settings import BayeuxSettings

OfferExtensions = Callable[[SessionRegistry], Iterable[Extension]]
"""Makes the extensions that a server offers; they may read and change the registry."""


def random_id() -> str:
    """Return a random client id (160 bits, hexadecimal)."""
    return secrets.token_hex(20)


class Outcome(NamedTuple):
    """The result of a request: JSON texts to send now, or a connect that waits."""

    texts: Sequence[bytes]
    pending: PendingConnect | None


class BayeuxProtocol:
    """All sessions of one process. Every `now` is a monotonic time in seconds.

    After each call the owner performs the effects of `take_effects`, and calls `collect` for every
    peer of `take_woken`: it has messages, or a newer connect has replaced it.

    Attributes:
        registry: All state between two calls. Only the protocol changes it.
        extensions: The hooks of the extensions that the server offers.
    """

    def __init__(
        self,
        settings: BayeuxSettings,
        policy: SubscriptionPolicy,
        offer: OfferExtensions,
        *,
        new_id: Callable[[], str] = random_id,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.registry = SessionRegistry(settings, policy, new_id, wall)
        self.extensions = Extensions(offer(self.registry))

    @property
    def counters(self) -> Counters:
        """Totals since the start of the process."""
        return self.registry.counters

    def event(self, payload: object, now: float) -> Event:
        """Return an event with a payload, published now."""
        return self.extensions.event(payload, now)

    def need_span(self, messages: Iterable[Message]) -> bool:
        """Tell whether a message needs the range that the user's journal keeps."""
        need_span = self.extensions.need_span
        return any(one.channel == Meta.SUBSCRIBE and need_span(one) for one in messages)

    def sessions(self) -> Iterator[Session]:
        """Yield every live session."""
        yield from self.registry.sessions.values()

    def dispatch(
        self, messages: Sequence[Message], peer: Peer, now: float, span: Span | None = None
    ) -> Exchange:
        """Handle the messages of one request or frame; `answer` returns what to send.

        `span` is the range that the user's journal keeps. Subscriptions with a position need it.
        """
        return dispatch(self.registry, self.extensions, messages, peer, now, span)

    def answer(self, exchange: Exchange) -> list[bytes]:
        """Return the texts to send now, events before replies; none if a connect is held.

        Call it once for each exchange, immediately before sending: the events leave the queue.
        """
        texts: list[bytes] = []
        if exchange.pending is None:
            texts = take_reply_events(self.registry, exchange)
            texts += [self._encode(reply) for reply in exchange.replies]
        for session in exchange.sessions:
            if session.replays:
                fetch_next_page(self.registry, session)
        return texts

    def collect(self, peer: Peer, now: float) -> list[bytes]:
        """Return the texts to send to a peer now; none if it has to go on waiting.

        If a waiting request's `session` is None, a newer connect has replaced it.
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
            texts, reply = release(self.registry, self.extensions, session, pending, now)
            texts.append(self._encode(reply))
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
        """Return the effects since the last call."""
        effects = self.registry.effects
        if effects:
            self.registry.effects = []
        return effects

    def take_woken(self) -> Iterable[Peer]:
        """Return the peers to call `collect` for, each once."""
        woken = self.registry.woken
        if woken:
            self.registry.woken = {}
        return woken

    def wake(self, peer: Peer) -> None:
        """Add a peer to those of `take_woken`."""
        self.registry.woken[peer] = None

    def publish_from(self, user_id: str, position: int) -> None:
        """Declare that every event after this position of the journal will be published."""
        self.registry.last_published[user_id] = position
        for session in list(self.registry.by_user.get(user_id, ())):
            fetch_next_page(self.registry, session)

    def fill(self, session_id: str, replay: ReplayProgress, page: Page, now: float) -> None:
        """Queue a page of the journal for a replay.

        Events that do not fit into the queue are fetched again when there is room.
        """
        session = self.registry.sessions.get(session_id)
        if session is None:
            return
        if page.reached <= replay.reached:
            # A page without progress would be fetched for ever.
            self._overflow(session)
            return
        is_whole = fill(session, replay, page, partial(self.event, now=now))
        if session.queue and (outlet := session.outlet()) is not None:
            self.registry.woken[outlet] = None
        if is_whole:
            fetch_next_page(self.registry, session)

    def restart_sessions(self, sessions: Iterable[Session]) -> None:
        """End sessions that would miss an event; their clients shake hands again."""
        for session in list(sessions):
            self._overflow(session)

    def session(self, session_id: str) -> Session | None:
        """Return a live session by its id, or None."""
        return self.registry.sessions.get(session_id)

    def foreign_session(self, messages: Sequence[Message]) -> str | None:
        """Return the session id that all messages name, if it is no session of this process."""
        named = messages[0].client_id
        if not isinstance(named, str) or named in self.registry.sessions:
            return None
        is_one = all(one.client_id == named and one.channel != Meta.HANDSHAKE for one in messages)
        return named if is_one else None

    def lacks_cookie(self, messages: Sequence[Message], user_id: str, browser: str | None) -> bool:
        """Tell whether a message names a session of its user, but lacks that session's cookie."""
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
        """Queue an event for every session of a user that subscribed to the topic.

        With a `position` of the journal, channels that replay skip it: they will read it there.
        """
        registry = self.registry
        registry.counters.published += 1
        if position is not None and user_id in registry.last_published:
            registry.last_published[user_id] = position
        for channel, session in registry.subscriptions.subscribers(user_id, topic):
            if not session.replays or accepts(session, channel, position):
                self._put(session, event.on(channel))

    def publish_to_all(self, topic: str, event: Event) -> None:
        """Queue an event for every session that subscribed to the topic."""
        for user_id in self.registry.subscriptions.users:
            self.publish(user_id, topic, event)

    def send(self, session_id: str, channel: str, event: Event) -> None:
        """Queue an event for one session, if it is live and subscribes to that channel."""
        session = self.registry.sessions.get(session_id)
        if session is not None and any(route.channel == channel for route in session.routes):
            self._put(session, event.on(channel))

    def time_out(self, pending: PendingConnect) -> None:
        """Mark a waiting connect to be answered without an event."""
        pending.timed_out = True
        self.registry.woken[pending.peer] = None

    def has_session(self, peer: Peer) -> bool:
        """Tell whether a peer belongs to a live session."""
        return peer.session is not None and not peer.session.is_over

    def detach(self, peer: Peer, now: float) -> None:
        """Detach a peer whose request was aborted or socket closed; its session stays live."""
        self.registry.detach(peer, now)

    def sweep(self, now: float) -> None:
        """End the sessions that have expired or whose login has ended."""
        for session in list(self.registry.sessions.values()):
            if session.login.ends_at <= now:
                self.registry.end(session, replies.LOGIN_ENDED)
            elif session.pending is None and session.expires_at <= now:
                self.registry.counters.expired += 1
                self.registry.end(session, {})

    def revoke(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """End a user's sessions, except those whose login has a proof in `keeping`."""
        for session in list(self.registry.by_user.get(user_id, ())):
            if session.login.proof not in keeping:
                self.registry.end(session, replies.LOGIN_ENDED)

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """End the sessions whose login session is among `ended`."""
        for session in list(self.registry.sessions.values()):
            if session.login.session in ended:
                self.registry.end(session, replies.LOGIN_ENDED)

    def drain(self, spread: Callable[[], float]) -> None:
        """Answer every waiting connect and hold none from now on.

        `spread` returns the interval to advise in each answer, in seconds.
        """
        self.registry.drain_interval = spread
        for session in self.registry.sessions.values():
            if session.pending is not None:
                self.time_out(session.pending)

    @property
    def is_draining(self) -> bool:
        """Tell whether `drain` was called."""
        return self.registry.drain_interval is not None

    def answer_retry(self, message: Message) -> bytes:
        """Return the reply that makes a client repeat its connect; the session is elsewhere."""
        return self._encode(retry_reply(self.registry, message))

    def answer_login_ended(self, message: Message) -> bytes:
        """Return the reply to a connect whose login has ended; the session is elsewhere."""
        return self._encode(login_ended_reply(message))

    def _encode(self, reply: Reply) -> bytes:
        return encode(self.extensions.add_fields(reply))

    def _put(self, session: Session, frame: Frame) -> None:
        if session.is_over:
            # It overflowed a moment ago; a later event must not arrive without the lost ones.
            return
        if not session.queue.put(frame):
            self._overflow(session)
            return
        registry = self.registry
        registry.counters.queued += 1
        if (outlet := session.outlet()) is not None:
            registry.woken[outlet] = None

    def _overflow(self, session: Session) -> None:
        # A client would not notice a gap. After a new handshake it reads the whole state again.
        self.registry.counters.overflows += 1
        self.registry.end(
            session,
            {
                "successful": False,
                "error": replies.QUEUE_OVERFLOW,
                "advice": replies.HANDSHAKE_AGAIN,
            },
        )
