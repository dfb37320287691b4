"""The protocol on an event loop: supplies the time, performs effects, calls the `Listener`."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import Protocol

import structlog

from shared.background_tasks import cancel_and_wait
from shared.bayeux.journal import Page, Span
from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import Message
from shared.bayeux.protocol.bayeux_protocol import (
    BayeuxProtocol,
    OfferExtensions,
    Outcome,
    random_id,
)
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


class Listener(Protocol):
    """The application's source of events: learns who subscribes, and reads journals for replays.

    `on_first_subscription` and `on_last_unsubscription` alternate for each user and must not block.

    `on_subscribed` is awaited before the subscription is confirmed to the client, so that a routing
    key is bound by then. After `BayeuxSettings.introduction` the confirmation goes out anyway.
    `on_subscribed` may call `BayeuxServer.send` to reach the new subscriber alone.
    """

    def on_first_subscription(self, user_id: str) -> None:
        """Start receiving this user's events: the first subscription in this process was made."""
        ...

    def on_last_unsubscription(self, user_id: str) -> None:
        """Stop receiving this user's events: the last subscription in this process is gone."""
        ...

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """Prepare for a session that subscribed to new events of a topic, on its channel."""
        ...

    async def span(self, user_id: str) -> Span:
        """Return the range of positions that the user's journal keeps."""
        ...

    async def replay(self, user_id: str, after: int) -> Page:
        """Return the next events of the user's journal; `reached` has to be above `after`.

        Raises:
            LookupError: The journal no longer keeps them.
        """
        ...


class BayeuxDriver:
    """A `BayeuxProtocol` on the running event loop; ids of its sessions begin with `name`."""

    def __init__(
        self,
        settings: BayeuxSettings,
        policy: SubscriptionPolicy,
        listener: Listener,
        offer: OfferExtensions,
        *,
        name: str = "",
    ) -> None:
        self.settings = settings
        self.protocol = BayeuxProtocol(
            settings, policy, offer, new_id=lambda: f"{name}{random_id()}"
        )
        self._listener = listener
        self._is_flush_due = False
        self._timers: dict[Session, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @cached_property
    def now(self) -> Callable[[], float]:
        """The loop's monotonic clock, in seconds."""
        return self._loop.time

    def dispatch(self, messages: Sequence[Message], peer: Peer) -> Outcome:
        """Handle messages that do not subscribe (see `has_subscribe`)."""
        return self._finish(self.protocol.dispatch(messages, peer, self.now()))

    async def prepare(self, messages: Sequence[Message], peer: Peer) -> Outcome:
        """Handle messages, and wait until the listener is prepared for their subscriptions.

        The wait ends after `BayeuxSettings.introduction`; the listener goes on in the background.
        """
        span = await self._span(messages, peer)
        exchange = self.protocol.dispatch(messages, peer, self.now(), span)
        effects = self._perform_effects()
        if subscriptions := [one for one in effects if isinstance(one, Subscribed)]:
            await self._announce_within_limit(subscriptions)
        return self._finish(exchange)

    def collect(self, peer: Peer) -> list[bytes]:
        """Return the messages to send to a peer now; none if it has to go on waiting."""
        texts = self.protocol.collect(peer, self.now())
        self._perform_effects()
        return texts

    def publish(self, user_id: str, topic: str, payload: object, position: int | None) -> None:
        """Queue an event for every session of a user that subscribed to the topic."""
        self.protocol.publish(user_id, topic, self._event(payload), position)
        self._perform_effects()

    def publish_to_all(self, topic: str, payload: object) -> None:
        """Queue an event for every session that subscribed to the topic."""
        self.protocol.publish_to_all(topic, self._event(payload))
        self._perform_effects()

    def send(self, session_id: str, channel: str, payload: object) -> None:
        """Queue an event for one session, if it still subscribes to that channel."""
        self.protocol.send(session_id, channel, self._event(payload))
        self._perform_effects()

    def publish_from(self, user_id: str, position: int) -> None:
        """Declare that every event after this position of the journal will be published."""
        self.protocol.publish_from(user_id, position)
        self._perform_effects()

    def restart_sessions(self, sessions: Iterable[Session]) -> None:
        """End sessions that would miss an event; their clients shake hands again."""
        self.protocol.restart_sessions(sessions)
        self._perform_effects()

    def revoke(self, user_id: str, keeping: Collection[str]) -> None:
        """End a user's sessions, except those whose login has a proof in `keeping`."""
        self.protocol.revoke(user_id, keeping)
        self._perform_effects()

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """End the sessions whose login session is among `ended`."""
        self.protocol.end_login_sessions(ended)
        self._perform_effects()

    def detach(self, peer: Peer) -> None:
        """Forget a peer: its request was aborted, or its socket closed."""
        self.protocol.detach(peer, self.now())

    def flush_soon(self, peer: Peer) -> None:
        """Call a peer's `flush` in the next iteration of the loop."""
        self.protocol.wake(peer)
        self._perform_effects()

    def _set_timer(self, session: Session) -> None:
        """Set the timer that answers the waiting connect of a session at its deadline."""
        pending = session.pending
        if pending is None:
            return
        timer = self._timers.get(session)
        if timer is not None:
            # One timer serves many connects: it checks the deadline when it fires, and is set
            # again if that was too early. Most connects end by an event and cost no timer.
            if timer.when() <= pending.deadline:
                return
            timer.cancel()
        self._timers[session] = self._loop.call_at(pending.deadline, self._on_deadline, session)

    def sweep(self) -> None:
        """End the sessions that have expired or whose login has ended."""
        self.protocol.sweep(self.now())
        self._perform_effects()

    def release_all(self) -> None:
        """Answer every waiting connect, and hold none from now on."""
        spread = self.settings.drain_spread.total_seconds()
        self.protocol.drain(lambda: random.uniform(0, spread))  # noqa: S311 - no secret
        self._perform_effects()

    async def stop(self) -> None:
        """Cancel the tasks that fetch pages and announce subscriptions."""
        await cancel_and_wait(self._tasks)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        # `get_running_loop` costs a system call before Python 3.12.
        return asyncio.get_running_loop()

    def _finish(self, exchange: Exchange) -> Outcome:
        # Without a reader the events would be lost; they stay queued for the next request.
        texts = self.protocol.answer(exchange) if exchange.peer.is_there else []
        self._perform_effects()
        if exchange.pending is not None and (session := exchange.peer.session) is not None:
            self._set_timer(session)
        return Outcome(texts, exchange.pending)

    def _event(self, payload: object) -> Event:
        return self.protocol.event(payload, self.now())

    def _perform_effects(self) -> Sequence[Effect]:
        """Perform the effects that the protocol left, and return them.

        `prepare` handles `Subscribed` itself, because only it can wait for the listener. Peers are
        flushed in the next iteration of the loop, so that events of one iteration leave together.
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
                self._track(asyncio.create_task(self._fetch(effect)))
            case Subscribed():
                pass  # handled by `prepare`

    async def _span(self, messages: Sequence[Message], peer: Peer) -> Span | None:
        if not self.protocol.need_span(messages):
            return None
        try:
            return await self._listener.span(peer.user_id)
        except Exception:
            log.exception("a journal could not be read", user_id=peer.user_id)
            return None

    def _track(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, wanted: PageWanted) -> None:
        try:
            page = await self._listener.replay(wanted.user_id, wanted.replay.reached)
            self.protocol.fill(wanted.session_id, wanted.replay, page, self.now())
        except Exception as error:  # noqa: BLE001 - any failure leaves a gap: restart the client
            log.warning(
                "a replay was broken off", user_id=wanted.user_id, reason=type(error).__name__
            )
            session = self.protocol.session(wanted.session_id)
            self.restart_sessions([session] if session else [])
        else:
            self._perform_effects()

    async def _announce_within_limit(self, subscriptions: Sequence[Subscribed]) -> None:
        """Announce subscriptions, and return when that is done or `introduction` has passed."""
        task = asyncio.create_task(self._announce_all(subscriptions))
        self._track(task)
        await asyncio.wait({task}, timeout=self.settings.introduction.total_seconds())
        if not task.done():
            log.warning(
                "subscribed before events are sure to come", user_id=subscriptions[0].user_id
            )

    async def _announce_all(self, subscriptions: Sequence[Subscribed]) -> None:
        for effect in subscriptions:
            await self._announce(effect)

    async def _announce(self, effect: Subscribed) -> None:
        try:
            await self._listener.on_subscribed(effect.user_id, effect.route, effect.session_id)
        except Exception:
            log.exception("a subscription could not be announced", user_id=effect.user_id)

    def _flush(self) -> None:
        self._is_flush_due = False
        for peer in self.protocol.take_woken():
            try:
                peer.flush()
            except Exception:
                log.exception("a client could not be answered", user_id=peer.user_id)

    def _on_deadline(self, session: Session) -> None:
        del self._timers[session]
        pending = session.pending
        if pending is not None and pending.deadline <= self.now():
            self.protocol.time_out(pending)
            self._perform_effects()
        else:
            self._set_timer(session)
