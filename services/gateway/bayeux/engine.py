"""The hub on an event loop: performs effects, tells the time, calls the gateway back."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from services.gateway.bayeux.effects import (
    Effect,
    FirstSubscription,
    LastUnsubscription,
    Subscribed,
    Wake,
)
from services.gateway.bayeux.events import Event
from services.gateway.bayeux.hub import Hub, Outcome
from services.gateway.bayeux.policy import Route, SubscriptionPolicy
from services.gateway.bayeux.replies import http_date
from services.gateway.bayeux.session import Hold, Peer
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.wire import Message

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Whoever feeds events must know who listens.

    `on_first_subscription` and `on_last_unsubscription` alternate for each user and must not
    block. `on_subscribed` is awaited before the client reads that its subscription is good, so
    what it waits for (a routing key that is bound) is in place then; what it sends with
    `BayeuxApplication.send` reaches that session only.
    """

    def on_first_subscription(self, user_id: str) -> None:
        """Somebody began to listen to this user's topics."""
        ...

    def on_last_unsubscription(self, user_id: str) -> None:
        """Nobody in this process listens to this user's topics any more."""
        ...

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """One session began to hear a topic, on the channel that it named."""
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

    def now(self) -> float:
        """Return the loop's monotonic time."""
        return self._loop.time()

    async def receive(self, messages: Sequence[Message], peer: Peer) -> Outcome:
        """Obey messages; the listener knows of subscriptions before this returns."""
        outcome = self.hub.receive(messages, peer, self.now())
        self.perform(outcome.effects)
        for effect in outcome.effects:
            if isinstance(effect, Subscribed):
                await self._introduce(effect)
        return outcome

    def collect(self, peer: Peer) -> list[str]:
        """Return what this peer should be sent now."""
        return self.hub.collect(peer, self.now())

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
                case Subscribed():
                    pass  # `receive` waits for the listener, as only there somebody can wait

    async def sweep_for_ever(self) -> None:
        """Forget dead sessions until cancelled."""
        while True:
            await asyncio.sleep(self.settings.sweep_period.total_seconds())
            self.sweep()

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
