"""The hub on an event loop: performs effects, tells the time, calls the gateway back."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.gateway.bayeux.channels import Meta
from services.gateway.bayeux.effects import (
    Effect,
    FirstSubscription,
    LastUnsubscription,
    Subscribed,
    Wake,
    Wanted,
)
from services.gateway.bayeux.events import Event
from services.gateway.bayeux.hub import Hub, Outcome
from services.gateway.bayeux.policy import Route, SubscriptionPolicy
from services.gateway.bayeux.replaying import Past, asks_for_replay
from services.gateway.bayeux.replies import http_date
from services.gateway.bayeux.session import Hold, Peer
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.wire import Message
from shared.domain.journal import Span

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PastEvent:
    """What is told of a topic at a position of the journal."""

    position: int
    topic: str
    payload: object


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, and the position up to which there are no others."""

    events: Sequence[PastEvent]
    reached: int


class Listener(Protocol):
    """Whoever feeds events must know who listens, and what happened before.

    `on_first_subscription` and `on_last_unsubscription` alternate for each user and must not
    block. `on_subscribed` is awaited before the client reads that its subscription is good, so
    what it waits for (a routing key that is bound) is in place then, unless that takes longer than
    clients have patience; what it sends with `BayeuxApplication.send` reaches that session only.
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
            PositionGoneError: They are no longer kept.
        """
        ...


class Ready(Protocol):
    """A peer that can be asked to send what waits for it."""

    user_id: str

    def flush(self) -> None:
        """Send what can be sent now; must not block."""
        ...


class Engine:
    """One hub, on the loop that it is used from."""

    def __init__(
        self, settings: BayeuxSettings, policy: SubscriptionPolicy, listener: Listener
    ) -> None:
        self.settings = settings
        self.hub = Hub(settings, policy)
        self._listener = listener
        self._ready: dict[Ready, None] = {}
        self._known_loop: asyncio.AbstractEventLoop | None = None
        self._working: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Return the loop's monotonic time."""
        return self._loop.time()

    async def receive(self, messages: Sequence[Message], peer: Peer) -> Outcome:
        """Obey messages; the listener knows of subscriptions before this returns.

        It gets limited time to prepare for them, and goes on preparing after that.
        """
        span = await self._span(messages, peer)
        exchange = self.hub.obey(messages, peer, self.now(), span)
        effects = self.hub.take_effects()
        self.perform(effects)
        if newcomers := [one for one in effects if isinstance(one, Subscribed)]:
            await self._introduce_soon(newcomers)
        texts = self.hub.answer(exchange)
        if effects := self.hub.take_effects():
            self.perform(effects)
        return Outcome(texts, exchange.hold, effects)

    def collect(self, peer: Peer) -> list[str]:
        """Return what this peer should be sent now."""
        texts = self.hub.collect(peer, self.now())
        if effects := self.hub.take_effects():
            self.perform(effects)
        return texts

    def flush_soon(self, peer: Ready) -> None:
        """Have a peer flushed in the loop's next turn: what comes until then leaves together."""
        if not self._ready:
            self._loop.call_soon(self._flush)
        self._ready[peer] = None

    def lose(self, peer: Peer) -> None:
        """A peer went away."""
        self.hub.lose(peer, self.now())

    def arm(self, hold: Hold) -> asyncio.TimerHandle:
        """Have a connect answered at its deadline."""
        return self._loop.call_at(hold.deadline, self._time_out, hold)

    def event(self, payload: object) -> Event:
        """Prepare a payload for any number of sessions."""
        timestamp = http_date(self.hub.wall()) if self.settings.timestamps else None
        return Event(payload, timestamp=timestamp, born=self.now())

    def perform(self, effects: Iterable[Effect]) -> None:
        """Do what the protocol asked for; nothing here waits for a client."""
        for effect in effects:
            match effect:
                case Wake(peer):
                    peer.wake()
                case FirstSubscription(user_id):
                    self._listener.on_first_subscription(user_id)
                case LastUnsubscription(user_id):
                    self._listener.on_last_unsubscription(user_id)
                case Wanted():
                    self._soon(effect)
                case Subscribed():
                    pass  # `receive` waits for the listener, as only there somebody can wait

    def sweep(self) -> None:
        """Forget dead sessions once."""
        self.perform(self.hub.sweep(self.now()))

    def release_all(self) -> None:
        """Answer every connect that waits and hold none from now on."""
        spread = self.settings.drain_spread.total_seconds()
        self.perform(self.hub.drain(lambda: random.uniform(0, spread)))  # noqa: S311 - no secret

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        # Asking for the running loop costs a system call before Python 3.12.
        if self._known_loop is None:
            self._known_loop = asyncio.get_running_loop()
        return self._known_loop

    async def stop(self) -> None:
        """Fetch nothing and introduce nobody any more."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

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

    def _soon(self, wanted: Wanted) -> None:
        self._keep(asyncio.create_task(self._fetch(wanted)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _fetch(self, wanted: Wanted) -> None:
        try:
            page = await self._listener.replay(wanted.user_id, wanted.replay.reached)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client has to begin anew
            log.warning("replay broken off", user_id=wanted.user_id, reason=type(error).__name__)
            session = self.hub.session(wanted.session_id)
            self.perform(self.hub.disown([session] if session else []))
            return
        past = [Past(one.position, one.topic, self.event(one.payload)) for one in page.events]
        self.perform(self.hub.fill(wanted.session_id, wanted.replay, past, page.reached))

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
        ready, self._ready = self._ready, {}
        for peer in ready:
            try:
                peer.flush()
            except Exception:
                log.exception("a client could not be answered", user_id=peer.user_id)

    def _time_out(self, hold: Hold) -> None:
        self.perform(self.hub.time_out(hold))
