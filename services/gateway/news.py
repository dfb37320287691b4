"""The way of an event through this pod: once, in order, to the agents who listen."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import structlog
from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from services.gateway.bayeux import BayeuxApplication, Route
from services.gateway.bayeux.topics import INTERACTIONS
from services.gateway.broker_events import BrokerEvents
from services.gateway.errors import trace_of
from services.gateway.outcomes import Awaited, Outcomes
from services.gateway.seen import Seen
from services.gateway.store import DeskStore
from services.gateway.telling import Telling
from services.gateway.wire.mail import LONGEST_TEXT
from services.gateway.wire.messages import held, invited, stamped
from services.gateway.workbin_news import WorkbinTelling
from shared.contracts.commands import AgentCommand
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    AgentNews,
    WorkbinContentWanted,
    WorkbinItemAdded,
    WorkbinItemRemoved,
)
from shared.domain.errors import Unavailable
from shared.runtime.chores import repeating
from shared.storage.presence import PresenceStore

log = structlog.get_logger()

_LANES: Final = 8
_REMEMBERED: Final = 20_000
_RETRY_SECONDS: Final = 0.5
_LOOK_ROUND: Final = timedelta(seconds=15)

T = TypeVar("T")

_Wrapped = Envelope[AgentNews]
"""Kept by name: pydantic makes the class anew, in two milliseconds, when nobody holds it."""


class News:
    """Feeds CometD from the broker.

    Events of one agent stay in order, those of different agents do not wait for each other.
    """

    def __init__(
        self,
        url: str,
        *,
        telling: Telling,
        workbins: WorkbinTelling,
        desk: DeskStore,
        presence: PresenceStore,
    ) -> None:
        self._events = BrokerEvents(url, self._receive, self._catch_up)
        self._telling = telling
        self._workbins = workbins
        self._presence = presence
        self._desk = desk
        self._seen = Seen()
        self._outcomes = Outcomes()
        self._listening: set[str] = set()
        self._waiting: Counter[str] = Counter()
        self._handled: OrderedDict[UUID, None] = OrderedDict()
        self._lanes: list[asyncio.Queue[_Arrived]] = [asyncio.Queue() for _ in range(_LANES)]
        self._bayeux: BayeuxApplication | None = None

    def is_arriving(self) -> bool:
        """Say whether the broker delivers here."""
        return self._events.is_connected()

    def on_first_subscription(self, user_id: str) -> None:
        """Somebody began to listen to this user's topics."""
        self._listening.add(user_id)
        self._events.watch(user_id)

    def on_last_unsubscription(self, user_id: str) -> None:
        """Nobody in this process listens to this user's topics any more."""
        self._listening.discard(user_id)
        self._seen.forget(user_id)
        self._rest_from(user_id)

    @asynccontextmanager
    async def awaiting(self, message_id: UUID, command: AgentCommand) -> AsyncIterator[Awaited]:
        """Look out for what comes of a command, whether its agent listens to topics or not."""
        agent_id = command.agent_id
        self._waiting[agent_id] += 1
        try:
            self._events.watch(agent_id)
            await self._events.settled(agent_id)
            with self._outcomes.awaiting(message_id, command) as awaited:
                yield awaited
        finally:
            self._waiting[agent_id] -= 1
            self._rest_from(agent_id)

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """Send the open invitations again: one may have come before the subscription did."""
        await self._events.settled(user_id)
        await self._note_presence({user_id})
        if route.topic != INTERACTIONS:
            return
        try:
            snapshots = await self._desk.held_by(user_id)
        except Unavailable as error:
            log.warning("open invitations not sent again", user_id=user_id, reason=str(error))
            return
        for one in snapshots:
            self._seen.note(user_id, one.id, one.version)
            if one.invitation is not None:
                self._application.send(
                    session_id, route.channel, stamped(invited(one), one.version)
                )

    @asynccontextmanager
    async def flowing(self, bayeux: BayeuxApplication) -> AsyncIterator[None]:
        """Feed an application for as long as the context lasts."""
        self._bayeux = bayeux
        lanes = [asyncio.create_task(self._work(lane)) for lane in self._lanes]
        try:
            async with self._events.receiving(), repeating(self._look_round, every=_LOOK_ROUND):
                yield
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    def _rest_from(self, agent_id: str) -> None:
        """Receive the events of an agent no longer, where nobody wants them."""
        if self._waiting[agent_id] <= 0:
            del self._waiting[agent_id]
            if agent_id not in self._listening:
                self._events.unwatch(agent_id)

    @property
    def _application(self) -> BayeuxApplication:
        if self._bayeux is None:
            raise RuntimeError("news do not flow yet")
        return self._bayeux

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        try:
            envelope = _Wrapped.model_validate_json(message.body)
        except ValidationError as error:
            # A newer service may announce what this one does not know yet.
            log.warning("event not understood", key=message.routing_key, faults=error.error_count())
            await message.ack()
            return
        self._outcomes.note(envelope)
        lane = hash(envelope.body.agent_id) % _LANES
        self._lanes[lane].put_nowait(_Arrived(message, envelope))

    async def _work(self, lane: "asyncio.Queue[_Arrived]") -> None:
        while True:
            arrived = await lane.get()
            try:
                if self._is_new(arrived.envelope.id):
                    await self._publish(arrived.envelope.body)
            except Exception as error:  # noqa: BLE001 - the next event is worth telling
                log.error("event not told", type=arrived.envelope.body.type, fault=trace_of(error))  # noqa: TRY400 - without its words
            await arrived.settle()

    def _is_new(self, event_id: UUID) -> bool:
        if event_id in self._handled:
            return False
        self._handled[event_id] = None
        if len(self._handled) > _REMEMBERED:
            self._handled.popitem(last=False)
        return True

    async def _publish(self, news: AgentNews) -> None:
        if isinstance(news, WorkbinItemAdded | WorkbinItemRemoved | WorkbinContentWanted):
            for one in await _patiently(partial(self._workbins.tell, news, self._events.watched)):
                self._application.publish(one.agent_id, one.topic, one.payload)
            return
        message = await _patiently(partial(self._telling.tell, news))
        if message is not None:
            self._seen.message(news.agent_id, message.fields)
            self._application.publish(news.agent_id, message.topic, message.fields)

    async def _look_round(self) -> None:
        await self._note_presence(self._events.watched)

    async def _note_presence(self, agent_ids: Collection[str]) -> None:
        try:
            await self._presence.note(agent_ids)
        except Unavailable as error:
            log.warning("presence not noted", agents=len(agent_ids), reason=str(error))

    async def _catch_up(self, agent_ids: frozenset[str]) -> None:
        """Tell what changed on the desks of these agents while nothing arrived."""
        for agent_id in agent_ids:
            try:
                await self._catch_up_with(agent_id)
            except Unavailable as error:
                log.warning("changes not caught up", agent_id=agent_id, reason=str(error))

    async def _catch_up_with(self, agent_id: str) -> None:
        snapshots = {one.id: one for one in await self._desk.held_by(agent_id, with_text=True)}
        for one in snapshots.values():
            if self._seen.is_news(agent_id, one.id, one.version):
                fields = stamped(held(one, longest=LONGEST_TEXT), one.version)
                self._seen.message(agent_id, fields)
                self._application.publish(agent_id, INTERACTIONS, fields)
        for interaction_id in self._seen.known(agent_id) - snapshots.keys():
            fields = await self._telling.tell_departure(interaction_id)
            self._seen.message(agent_id, fields)
            self._application.publish(agent_id, INTERACTIONS, fields)


async def _patiently(tell: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await tell()
        except Unavailable as error:
            log.warning("event waits for the database", reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)


class _Arrived:
    """An event and the delivery it came with."""

    __slots__ = ("_message", "envelope")

    def __init__(self, message: AbstractIncomingMessage, envelope: Envelope[AgentNews]) -> None:
        self._message = message
        self.envelope = envelope

    async def settle(self) -> None:
        """Make room for the next event; a connection that has ended needs no answer."""
        try:
            await self._message.ack()
        except Exception as error:  # noqa: BLE001 - whatever it is, the delivery is gone
            log.info("event outlived its connection", reason=type(error).__name__)
