"""The Bayeux protocol: messages and time go in, replies and effects come out, nothing waits."""

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.gateway.bayeux import replies
from services.gateway.bayeux.channels import Meta, is_service, is_valid
from services.gateway.bayeux.connecting import connect, release, stamped
from services.gateway.bayeux.counters import Counters
from services.gateway.bayeux.departing import depart
from services.gateway.bayeux.effects import Effect, Wake
from services.gateway.bayeux.events import Event, Frame
from services.gateway.bayeux.exchange import Exchange
from services.gateway.bayeux.handshaking import handshake
from services.gateway.bayeux.policy import SubscriptionPolicy
from services.gateway.bayeux.replaying import Past, admits, fill, go_on
from services.gateway.bayeux.session import Hold, Peer, Replay, Session, Transport
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.state import State
from services.gateway.bayeux.subscribing import subscribe, unsubscribe
from services.gateway.bayeux.wire import Message, Reply, encode
from shared.domain.journal import Span

_LOGIN_ENDED: Final[Reply] = {
    "successful": False,
    "error": replies.LOGIN_REVOKED,
    "advice": replies.STOP,
}


def random_id() -> str:
    """Return a client id that nobody guesses (160 bits)."""
    return secrets.token_hex(20)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: texts to send now, a connect that waits, work for others."""

    texts: list[str]
    hold: Hold | None
    effects: list[Effect]


class Hub:
    """All sessions of one process. `now` is a monotonic time in seconds wherever it is asked for.

    Its owner performs the effects, and calls `collect` for every peer that it is told to wake.
    """

    def __init__(
        self,
        settings: BayeuxSettings,
        policy: SubscriptionPolicy,
        *,
        new_id: Callable[[], str] = random_id,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._state = State(settings, policy, new_id, wall)

    @property
    def counters(self) -> Counters:
        """What happened since the start."""
        return self._state.counters

    def wall(self) -> float:
        """Return the time of day in seconds since 1970, as the extensions tell it."""
        return self._state.wall()

    def sessions(self) -> Iterator[Session]:
        """Yield every live session."""
        yield from self._state.sessions.values()

    def receive(
        self, messages: Sequence[Message], peer: Peer, now: float, span: Span | None = None
    ) -> Outcome:
        """Obey the messages of one request or frame, and answer them at once."""
        exchange = self.obey(messages, peer, now, span)
        texts = self.answer(exchange)
        return Outcome(texts, exchange.hold, self._drain_effects())

    def obey(
        self, messages: Sequence[Message], peer: Peer, now: float, span: Span | None = None
    ) -> Exchange:
        """Obey the messages of one request or frame; `answer` says what is to be told.

        `span` is what the journal keeps of the user, where it is known: a subscription that
        names a position needs it.
        """
        first = next((m for m in messages if m.channel == Meta.HANDSHAKE), None)
        # The protocol has the rest of a request with a handshake ignored.
        batch = [first] if first is not None else messages
        exchange = Exchange(peer, now, is_single=len(batch) == 1, span=span)
        for message in batch:
            self._obey(message, exchange)
        return exchange

    def answer(self, exchange: Exchange) -> list[str]:
        """Return what is to be sent at this moment; where events leave, they precede the replies.

        Once for each exchange, and nothing may come between it and the sending.
        """
        texts = depart(self._state, exchange)
        texts += [encode(stamped(self._state, reply)) for reply in exchange.replies]
        for session in exchange.sessions:
            go_on(self._state, session)
        return texts

    def collect(self, peer: Peer, now: float) -> list[str]:
        """Return what this peer should be sent now; empty when it has to go on waiting.

        A request that waits and whose `session` became None was replaced by a newer one.
        """
        session = peer.session
        if session is None:
            return []
        hold = session.hold
        if hold is not None and hold.peer is peer and _is_ripe(session, hold, now):
            self._note_delay(session, now)
            texts = release(self._state, session, hold, now)
        elif session.pushes and session.socket is peer:
            self._note_delay(session, now)
            texts = session.mailbox.take(at_most=self._state.settings.max_frame_bytes)
        else:
            return []
        if session.replays:
            go_on(self._state, session)
        return texts

    def take_effects(self) -> list[Effect]:
        """Return what is left to be done."""
        return self._drain_effects()

    def begin(self, user_id: str, position: int) -> list[Effect]:
        """From this position of the user's journal on, everything is going to be published."""
        self._state.told[user_id] = position
        for session in list(self._state.by_user.get(user_id, ())):
            go_on(self._state, session)
        return self._drain_effects()

    def fill(
        self, session_id: str, replay: Replay, page: Sequence[Past], reached: int
    ) -> list[Effect]:
        """Queue what follows the position that a replay had reached, up to `reached`."""
        session = self._state.sessions.get(session_id)
        if session is None:
            return []
        if not fill(session, replay, page, reached):
            self._overflow(session)
        elif session.mailbox and (outlet := session.outlet) is not None:
            self._state.effects.append(Wake(outlet))
        go_on(self._state, session)
        return self._drain_effects()

    def disown(self, sessions: Iterable[Session]) -> list[Effect]:
        """End sessions that would miss something: their clients shake hands and begin anew."""
        for session in list(sessions):
            self._overflow(session)
        return self._drain_effects()

    def session(self, session_id: str) -> Session | None:
        """Return a live session."""
        return self._state.sessions.get(session_id)

    def sessions_of(self, user_id: str) -> list[Session]:
        """Return the live sessions of a user."""
        return list(self._state.by_user.get(user_id, ()))

    def publish(
        self, user_id: str, topic: str, event: Event, position: int | None = None
    ) -> list[Effect]:
        """Queue an event for every session of a user that hears the topic.

        One with a position of the journal passes those by who are not there yet.
        """
        self._state.counters.published += 1
        if position is not None and user_id in self._state.told:
            self._state.told[user_id] = position
        for channel, sessions in self._state.table.listeners(user_id, topic):
            frame = event.on(channel)
            for session in sessions:
                if not session.replays or admits(session, channel, position):
                    self._put(session, frame)
        return self._drain_effects()

    def publish_to_all(self, topic: str, event: Event) -> list[Effect]:
        """Queue an event for every session that hears the topic."""
        effects = [self.publish(user_id, topic, event) for user_id in self._state.table.users]
        return [effect for some in effects for effect in some]

    def send(self, session_id: str, channel: str, event: Event) -> list[Effect]:
        """Queue an event for one session, if it is there and still hears that channel."""
        session = self._state.sessions.get(session_id)
        if session is not None and any(route.channel == channel for route in session.routes):
            self._put(session, event.on(channel))
        return self._drain_effects()

    def time_out(self, hold: Hold) -> list[Effect]:
        """Mark a connect as having waited long enough."""
        hold.due = True
        return [Wake(hold.peer)]

    def speaks(self, peer: Peer) -> bool:
        """Tell whether a peer stands for a live session."""
        return peer.session is not None and peer.session.id in self._state.sessions

    def lose(self, peer: Peer, now: float) -> None:
        """A request was aborted or a socket closed; its session may still be gone on with."""
        self._state.lose(peer, now)

    def sweep(self, now: float) -> list[Effect]:
        """End the sessions whose clients did not come back in time, or whose login has ended."""
        for session in list(self._state.sessions.values()):
            if session.login.ends_at <= now:
                self._state.end(session, _LOGIN_ENDED)
            elif session.hold is None and session.expires_at <= now:
                self._state.counters.expired += 1
                self._state.end(session, {})
        return self._drain_effects()

    def revoke(self, user_id: str, keeping: Collection[str] = ()) -> list[Effect]:
        """End the sessions of a user, but for those that have one of the proofs in `keeping`."""
        for session in list(self._state.by_user.get(user_id, ())):
            if session.login.proof not in keeping:
                self._state.end(session, _LOGIN_ENDED)
        return self._drain_effects()

    def drain(self, spread: Callable[[], float]) -> list[Effect]:
        """Release every connect and hold none from now on; `spread` gives intervals in seconds."""
        self._state.spread = spread
        for session in self._state.sessions.values():
            if session.hold is not None:
                self._state.effects += self.time_out(session.hold)
        return self._drain_effects()

    def _obey(self, message: Message, exchange: Exchange) -> None:
        if (error := self._fault(message)) is not None:
            exchange.replies.append(replies.failure(message, error))
        elif message.channel == Meta.HANDSHAKE:
            handshake(self._state, message, exchange)
        elif (session := self._state.find(message, exchange.peer)) is None:
            self._disown(message, exchange)
        else:
            self._obey_for(session, message, exchange)

    def _fault(self, message: Message) -> str | None:
        if message.has_bad_id:
            return replies.ID_INVALID
        if message.channel is None:
            return replies.CHANNEL_MISSING
        longest = self._state.settings.max_channel_length
        return None if is_valid(message.channel, longest=longest) else replies.CHANNEL_INVALID

    def _disown(self, message: Message, exchange: Exchange) -> None:
        self._state.counters.unknown_sessions += 1
        reply = replies.failure(message, replies.SESSION_UNKNOWN)
        if message.channel == Meta.CONNECT:
            reply["advice"] = replies.HANDSHAKE_AGAIN
        exchange.replies.append(reply)

    def _obey_for(self, session: Session, message: Message, exchange: Exchange) -> None:
        exchange.sessions.setdefault(session)
        self._state.touch(session, exchange.now)
        session.login = exchange.peer.login
        if exchange.peer.transport is Transport.WEBSOCKET:
            self._state.bind(session, exchange.peer, exchange.now)
        match message.channel:
            case Meta.CONNECT:
                connect(self._state, session, message, exchange)
            case Meta.SUBSCRIBE:
                subscribe(self._state, session, message, exchange)
            case Meta.UNSUBSCRIBE:
                unsubscribe(self._state, session, message, exchange)
            case Meta.DISCONNECT:
                self._disconnect(session, message, exchange)
            case channel:
                exchange.replies.append(_publish_reply(message, str(channel)))

    def _disconnect(self, session: Session, message: Message, exchange: Exchange) -> None:
        self._state.end(session, {"advice": replies.STOP})
        exchange.replies.append(replies.success(message, clientId=session.id))

    def _note_delay(self, session: Session, now: float) -> None:
        if (since := session.mailbox.since) is not None:
            self._state.counters.delays.note(now - since)

    def _put(self, session: Session, frame: Frame) -> None:
        if not session.mailbox.put(frame):
            self._overflow(session)
            return
        self._state.counters.queued += 1
        if (outlet := session.outlet) is not None:
            self._state.effects.append(Wake(outlet))

    def _overflow(self, session: Session) -> None:
        # A gap would go unnoticed; a client told to handshake again asks for the state anew.
        self._state.counters.overflows += 1
        self._state.end(
            session,
            {
                "successful": False,
                "error": replies.QUEUE_OVERFLOW,
                "advice": replies.HANDSHAKE_AGAIN,
            },
        )

    def _drain_effects(self) -> list[Effect]:
        effects, self._state.effects = self._state.effects, []
        return effects


def _is_ripe(session: Session, hold: Hold, now: float) -> bool:
    return hold.is_due(now) or (bool(session.mailbox) and not session.pushes)


def _publish_reply(message: Message, channel: str) -> dict[str, object]:
    if is_service(channel):
        return replies.success(message)
    return replies.failure(message, replies.PUBLISH_DENIED)
