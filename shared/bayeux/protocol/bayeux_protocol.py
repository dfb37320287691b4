"""The Bayeux protocol: messages and time go in, replies and effects come out, nothing waits."""

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from shared.bayeux.ext.replay import Past, admits, fill, go_on
from shared.bayeux.messages import replies
from shared.bayeux.messages.channels import Meta
from shared.bayeux.messages.events import Event, Frame
from shared.bayeux.messages.message import Message, encode
from shared.bayeux.positions import Span
from shared.bayeux.protocol.connect import put_off, release, stamped, turn_away
from shared.bayeux.protocol.dispatch import obey
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.reply_events import depart
from shared.bayeux.sessions.counters import Counters
from shared.bayeux.sessions.effects import Effect
from shared.bayeux.sessions.session import Hold, Peer, Replay, Session
from shared.bayeux.sessions.session_registry import State
from shared.bayeux.sessions.subscription_policy import SubscriptionPolicy
from shared.bayeux.settings import BayeuxSettings


def random_id() -> str:
    """Return a client id that nobody guesses (160 bits)."""
    return secrets.token_hex(20)


class Outcome(NamedTuple):
    """What came of a request: texts to send now, or a connect that waits."""

    texts: Sequence[bytes]
    hold: Hold | None


class Hub:
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
        self.state = State(settings, policy, new_id, wall)

    @property
    def counters(self) -> Counters:
        """What happened since the start."""
        return self.state.counters

    def wall(self) -> float:
        """Return the time of day in seconds since 1970, as the extensions tell it."""
        return self.state.wall()

    def sessions(self) -> Iterator[Session]:
        """Yield every live session."""
        yield from self.state.sessions.values()

    def obey(
        self, messages: Sequence[Message], peer: Peer, now: float, span: Span | None = None
    ) -> Exchange:
        """Obey the messages of one request or frame; `answer` says what is to be told.

        `span` is what the journal keeps of the user, where it is known: a subscription that
        names a position needs it.
        """
        return obey(self.state, messages, peer, now, span)

    def answer(self, exchange: Exchange) -> list[bytes]:
        """Return what is to be sent at this moment; where events leave, they precede the replies.

        Once for each exchange, and nothing may come between it and the sending.
        """
        texts: list[bytes] = []
        if exchange.hold is None:
            texts = depart(self.state, exchange)
            texts += [encode(stamped(self.state, reply)) for reply in exchange.replies]
        for session in exchange.sessions:
            if session.replays:
                go_on(self.state, session)
        return texts

    def collect(self, peer: Peer, now: float) -> list[bytes]:
        """Return what this peer should be sent now; empty when it has to go on waiting.

        A request that waits and whose `session` became None was replaced by a newer one.
        """
        session = peer.session
        if session is None:
            return []
        hold, mailbox, pushes = session.hold, session.mailbox, session.pushes()
        if (
            hold is not None
            and hold.peer is peer
            and (hold.is_due(now) or (not pushes and mailbox))
        ):
            self.state.note_delay(session, now)
            texts = release(self.state, session, hold, now)
        elif pushes and session.socket is peer:
            self.state.note_delay(session, now)
            texts = mailbox.take(self.state.settings.max_frame_bytes)
            if mailbox:
                self.state.woken[peer] = None
        else:
            return []
        if session.replays:
            go_on(self.state, session)
        return texts

    def take_effects(self) -> Sequence[Effect]:
        """Return what is left to be done."""
        effects = self.state.effects
        if effects:
            self.state.effects = []
        return effects

    def take_woken(self) -> Iterable[Peer]:
        """Return who is to be collected for, each once."""
        woken = self.state.woken
        if woken:
            self.state.woken = {}
        return woken

    def wake(self, peer: Peer) -> None:
        """Have a peer collected for."""
        self.state.woken[peer] = None

    def begin(self, user_id: str, position: int) -> None:
        """From this position of the user's journal on, everything is going to be published."""
        self.state.told[user_id] = position
        for session in list(self.state.by_user.get(user_id, ())):
            go_on(self.state, session)

    def fill(self, session_id: str, replay: Replay, page: Sequence[Past], reached: int) -> None:
        """Queue what follows the position that a replay had reached, up to `reached`.

        What does not fit is fetched again when some of the rest has left.
        """
        session = self.state.sessions.get(session_id)
        if session is None:
            return
        if reached <= replay.reached:
            # It would be asked for again and again.
            self._overflow(session)
            return
        is_whole = fill(session, replay, page, reached)
        if session.mailbox and (outlet := session.outlet()) is not None:
            self.state.woken[outlet] = None
        if is_whole:
            go_on(self.state, session)

    def disown(self, sessions: Iterable[Session]) -> None:
        """End sessions that would miss something: their clients shake hands and begin anew."""
        for session in list(sessions):
            self._overflow(session)

    def session(self, session_id: str) -> Session | None:
        """Return a live session."""
        return self.state.sessions.get(session_id)

    def foreign_session(self, messages: Sequence[Message]) -> str | None:
        """Return the one session that all messages are about, if it is none of this process."""
        named = messages[0].client_id
        if not isinstance(named, str) or named in self.state.sessions:
            return None
        is_one = all(one.client_id == named and one.channel != Meta.HANDSHAKE for one in messages)
        return named if is_one else None

    def lacks_cookie(self, messages: Sequence[Message], user_id: str, browser: str | None) -> bool:
        """Tell whether a session's own user asks for it, but without the cookie that it needs."""
        named = (self.state.sessions.get(str(message.client_id)) for message in messages)
        return any(
            session is not None
            and session.user_id == user_id
            and not self.state.is_its_browser(session, browser)
            for session in named
        )

    def sessions_of(self, user_id: str) -> list[Session]:
        """Return the live sessions of a user."""
        return list(self.state.by_user.get(user_id, ()))

    def publish(self, user_id: str, topic: str, event: Event, position: int | None = None) -> None:
        """Queue an event for every session of a user that hears the topic.

        One with a position of the journal passes those by who are not there yet.
        """
        state = self.state
        state.counters.published += 1
        if position is not None and user_id in state.told:
            state.told[user_id] = position
        for channel, session in state.table.ears(user_id, topic):
            if not session.replays or admits(session, channel, position):
                self._put(session, event.on(channel))

    def publish_to_all(self, topic: str, event: Event) -> None:
        """Queue an event for every session that hears the topic."""
        for user_id in self.state.table.users:
            self.publish(user_id, topic, event)

    def send(self, session_id: str, channel: str, event: Event) -> None:
        """Queue an event for one session, if it is there and still hears that channel."""
        session = self.state.sessions.get(session_id)
        if session is not None and any(route.channel == channel for route in session.routes):
            self._put(session, event.on(channel))

    def time_out(self, hold: Hold) -> None:
        """Mark a connect as having waited long enough."""
        hold.due = True
        self.state.woken[hold.peer] = None

    def speaks(self, peer: Peer) -> bool:
        """Tell whether a peer stands for a live session."""
        return peer.session is not None and not peer.session.is_over

    def lose(self, peer: Peer, now: float) -> None:
        """A request was aborted or a socket closed; its session may still be gone on with."""
        self.state.lose(peer, now)

    def sweep(self, now: float) -> None:
        """End the sessions whose clients did not come back in time, or whose login has ended."""
        for session in list(self.state.sessions.values()):
            if session.login.ends_at <= now:
                self.state.end(session, replies.LOGIN_ENDED)
            elif session.hold is None and session.expires_at <= now:
                self.state.counters.expired += 1
                self.state.end(session, {})

    def revoke(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """End the sessions of a user, but for those that have one of the proofs in `keeping`."""
        for session in list(self.state.by_user.get(user_id, ())):
            if session.login.proof not in keeping:
                self.state.end(session, replies.LOGIN_ENDED)

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """End the sessions that speak by a login session that has ended."""
        for session in list(self.state.sessions.values()):
            if session.login.session in ended:
                self.state.end(session, replies.LOGIN_ENDED)

    def drain(self, spread: Callable[[], float]) -> None:
        """Release every connect and hold none from now on; `spread` gives intervals in seconds."""
        self.state.spread = spread
        for session in self.state.sessions.values():
            if session.hold is not None:
                self.time_out(session.hold)

    @property
    def is_draining(self) -> bool:
        """Tell whether connects are no longer held."""
        return self.state.spread is not None

    def put_off(self, message: Message) -> bytes:
        """Return what a connect is told while this process stops whose session is in another."""
        return put_off(self.state, message)

    def turn_away(self, message: Message) -> bytes:
        """Return what a connect is told whose session is elsewhere and whose login has ended."""
        return turn_away(self.state, message)

    def _put(self, session: Session, frame: Frame) -> None:
        if session.is_over:
            # It overflowed a moment ago: what comes now must not be heard before what was lost.
            return
        if not session.mailbox.put(frame):
            self._overflow(session)
            return
        state = self.state
        state.counters.queued += 1
        if (outlet := session.outlet()) is not None:
            state.woken[outlet] = None

    def _overflow(self, session: Session) -> None:
        # A gap would go unnoticed; a client told to handshake again asks for the state anew.
        self.state.counters.overflows += 1
        self.state.end(
            session,
            {
                "successful": False,
                "error": replies.QUEUE_OVERFLOW,
                "advice": replies.HANDSHAKE_AGAIN,
            },
        )
