"""The hub on an event loop: performs effects, tells the time, calls the gateway back."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import structlog

from shared.background_tasks import cancel_and_wait
from shared.bayeux.ext.replay import ReplayedEvent, asks_for_replay
from shared.bayeux.messages.channels import Meta
from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import Message
from shared.bayeux.messages.replies import http_date
from shared.bayeux.positions import Span
from shared.bayeux.protocol.bayeux_protocol import BayeuxProtocol, Outcome, random_id
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.effects import (
    Effect,
    FirstSubscription,
    LastUnsubscription,
    PageWanted,
    Subscribed,
)
from shared.bayeux.sessions.session import Peer, Session
from shared.bayeux.sessions.subscription_policy import Route, SubscriptionPolicy
from shared.bayeux.settings import BayeuxSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """What is told of a topic at a position of the journal."""

    position: int
    topic: str
    payload: object


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, and the position up to which there are no others."""

    events: Sequence[JournalEvent]
    reached: int


class Listener(Protocol):
    """Whoever feeds events must know who listens, and what happened before.

    `on_first_subscription` and `on_last_unsubscription` alternate for each user and must not
    block. `on_subscribed` is awaited before the client reads that its subscription is good, so
    what it waits for (a routing key that is bound) is in place then, unless that takes longer than
    clients have patience; what it sends with `BayeuxServer.send` reaches that session only.
    """

    def on_first_subscription(self, user_id: str) -> None:
        """Somebody began to listen to this user's topics."""
        ...

    def on_last_unsubscription(self, user_id: str) -> None:
        """Nobody in this process listens to this user's topics any more."""
        ...

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """One session began to hear what is new of a topic, on the channel that it named."""
        ...

    async def span(self, user_id: str) -> Span:
        """Return the positions of the user's journal that are kept."""
        ...

    async def replay(self, user_id: str, after: int) -> Page:
        """Return the next events of the user's journal; a page gets further than `after`.

        Raises:
            LookupError: They are no longer kept.
        """
        ...


def needs_preparation(messages: Sequence[Message]) -> bool:
    """Tell whether the gateway has to be asked first: before somebody subscribes."""
    return any(message.channel == Meta.SUBSCRIBE for message in messages)


def is_poll(messages: Sequence[Message]) -> bool:
    """Tell whether it is a connect by itself, which may wait for news."""
    return len(messages) == 1 and messages[0].channel == Meta.CONNECT


class BayeuxDriver:
    """One hub, on the loop that it is used from; the ids of its sessions begin with `name`."""

    def __init__(
        self,
        settings: BayeuxSettings,
        policy: SubscriptionPolicy,
        listener: Listener,
        *,
        name: str = "",
    ) -> None:
        self.settings = settings
        self.protocol = BayeuxProtocol(settings, policy, new_id=lambda: f"{name}{random_id()}")
        self._listener = listener
        self._is_flush_due = False
        self._alarms: dict[Session, asyncio.TimerHandle] = {}
        self._working: set[asyncio.Task[None]] = set()

    @cached_property
    def now(self) -> Callable[[], float]:
        """The loop's monotonic clock."""
        return self._loop.time

    def dispatch(self, messages: Sequence[Message], peer: Peer) -> Outcome:
        """Obey messages that need no preparation."""
        return self._answered(self.protocol.dispatch(messages, peer, self.now()))

    async def prepare(self, messages: Sequence[Message], peer: Peer) -> Outcome:
        """Obey messages; the listener knows of subscriptions before this returns.

        It gets limited time to prepare for them, and goes on preparing after that.
        """
        span = await self._span(messages, peer)
        exchange = self.protocol.dispatch(messages, peer, self.now(), span)
        effects = self._settle()
        if newcomers := [one for one in effects if isinstance(one, Subscribed)]:
            await self._introduce_soon(newcomers)
        return self._answered(exchange)

    def collect(self, peer: Peer) -> list[bytes]:
        """Return what this peer should be sent now."""
        texts = self.protocol.collect(peer, self.now())
        self._settle()
        return texts

    def publish(self, user_id: str, topic: str, payload: object, position: int | None) -> None:
        """Queue an event for every session of a user that hears the topic."""
        self.protocol.publish(user_id, topic, self._event(payload), position)
        self._settle()

    def publish_to_all(self, topic: str, payload: object) -> None:
        """Queue an event for every session that hears the topic."""
        self.protocol.publish_to_all(topic, self._event(payload))
        self._settle()

    def send(self, session_id: str, channel: str, payload: object) -> None:
        """Queue an event for one session, if it still hears that channel."""
        self.protocol.send(session_id, channel, self._event(payload))
        self._settle()

    def begin(self, user_id: str, position: int) -> None:
        """From this position of the user's journal on, everything is going to be published."""
        self.protocol.begin(user_id, position)
        self._settle()

    def restart_sessions(self, sessions: Iterable[Session]) -> None:
        """End sessions that would miss something."""
        self.protocol.restart_sessions(sessions)
        self._settle()

    def revoke(self, user_id: str, keeping: Collection[str]) -> None:
        """End the sessions of a user, but for those that have one of the proofs in `keeping`."""
        self.protocol.revoke(user_id, keeping)
        self._settle()

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """End the sessions that speak by a login session that has ended."""
        self.protocol.end_login_sessions(ended)
        self._settle()

    def lose(self, peer: Peer) -> None:
        """A peer went away."""
        self.protocol.lose(peer, self.now())

    def flush_soon(self, peer: Peer) -> None:
        """Have a peer flushed in the loop's next turn."""
        self.protocol.wake(peer)
        self._settle()

    def _arm(self, session: Session) -> None:
        """Have the connect of a session answered at its deadline.

        A session has one alarm, however many connects it has meanwhile: one that goes off too early
        is set again, so that a connect that an event ends costs none.
        """
        pending = session.pending
        if pending is None:
            return
        alarm = self._alarms.get(session)
        if alarm is not None:
            if alarm.when() <= pending.deadline:
                return
            alarm.cancel()
        self._alarms[session] = self._loop.call_at(pending.deadline, self._ring, session)

    def sweep(self) -> None:
        """Forget dead sessions once."""
        self.protocol.sweep(self.now())
        self._settle()

    def release_all(self) -> None:
        """Answer every connect that waits and hold none from now on."""
        spread = self.settings.drain_spread.total_seconds()
        self.protocol.drain(lambda: random.uniform(0, spread))  # noqa: S311 - no secret
        self._settle()

    async def stop(self) -> None:
        """Fetch nothing and introduce nobody any more."""
        await cancel_and_wait(self._working)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        # Asking for the running loop costs a system call before Python 3.12.
        return asyncio.get_running_loop()

    def _answered(self, exchange: Exchange) -> Outcome:
        # What nobody reads takes no events along: they are for whoever comes next.
        texts = self.protocol.answer(exchange) if exchange.peer.is_there else []
        self._settle()
        if exchange.pending is not None and (session := exchange.peer.session) is not None:
            self._arm(session)
        return Outcome(texts, exchange.pending)

    def _event(self, payload: object) -> Event:
        timestamp = http_date(self.protocol.wall()) if self.settings.timestamps else None
        return Event(payload, timestamp, self.now())

    def _settle(self) -> Sequence[Effect]:
        """Do what the protocol asked for, and return it: newcomers are introduced by who can wait.

        Who was woken is flushed in the loop's next turn: what comes until then leaves together.
        """
        registry = self.protocol.registry
        if registry.woken and not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)
        if not registry.effects:
            return ()
        effects = self.protocol.take_effects()
        for effect in effects:
            self._perform(effect)
        return effects

    def _perform(self, effect: Effect) -> None:
        match effect:
            case FirstSubscription(user_id):
                self._listener.on_first_subscription(user_id)
            case LastUnsubscription(user_id):
                self._listener.on_last_unsubscription(user_id)
            case PageWanted():
                self._keep(asyncio.create_task(self._fetch(effect)))
            case Subscribed():
                pass  # `prepare` waits for the listener, as only there somebody can wait

    async def _span(self, messages: Sequence[Message], peer: Peer) -> Span | None:
        if not self.settings.replay or not any(
            one.channel == Meta.SUBSCRIBE and asks_for_replay(one) for one in messages
        ):
            return None
        try:
            return await self._listener.span(peer.user_id)
        except Exception:
            log.exception("journal not read", user_id=peer.user_id)
            return None

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _fetch(self, wanted: PageWanted) -> None:
        try:
            page = await self._listener.replay(wanted.user_id, wanted.replay.reached)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client has to begin anew
            log.warning("replay broken off", user_id=wanted.user_id, reason=type(error).__name__)
            session = self.protocol.session(wanted.session_id)
            self.restart_sessions([session] if session else [])
            return
        past = [
            ReplayedEvent(one.position, one.topic, self._event(one.payload)) for one in page.events
        ]
        self.protocol.fill(wanted.session_id, wanted.replay, past, page.reached)
        self._settle()

    async def _introduce_soon(self, newcomers: Sequence[Subscribed]) -> None:
        """Return when all are introduced, or at the one deadline that all of a request share."""
        task = asyncio.create_task(self._introduce_all(newcomers))
        self._keep(task)
        await asyncio.wait({task}, timeout=self.settings.introduction.total_seconds())
        if not task.done():
            log.warning("subscribed before events are sure to come", user_id=newcomers[0].user_id)

    async def _introduce_all(self, newcomers: Sequence[Subscribed]) -> None:
        for effect in newcomers:
            await self._introduce(effect)

    async def _introduce(self, effect: Subscribed) -> None:
        try:
            await self._listener.on_subscribed(effect.user_id, effect.route, effect.session_id)
        except Exception:
            log.exception("subscription could not be announced", user_id=effect.user_id)

    def _flush(self) -> None:
        self._is_flush_due = False
        for peer in self.protocol.take_woken():
            try:
                peer.flush()
            except Exception:
                log.exception("a client could not be answered", user_id=peer.user_id)

    def _ring(self, session: Session) -> None:
        del self._alarms[session]
        pending = session.pending
        if pending is not None and pending.deadline <= self.now():
            self.protocol.time_out(pending)
            self._settle()
        else:
            self._arm(session)
