"""The way of an event through this pod: once, in the journal's order, to the agents who listen."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from aio_pika.abc import AbstractIncomingMessage

from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.agent_queues import Arrived, CatchUp, PerAgentQueues, Work
from services.gateway.notifications.command_outcomes import AwaitedOutcome, AwaitedOutcomes
from services.gateway.notifications.dialects import Dialects
from services.gateway.notifications.event_consumer import EventConsumer
from services.gateway.notifications.journal_batch import UnreadableBatchError, arrived_in
from services.gateway.notifications.journal_reader import (
    PAGE,
    JournalReader,
    ToldEntry,
    read_envelope,
)
from services.gateway.notifications.message_builder import Message
from services.gateway.notifications.retrying import retry_until_available
from services.gateway.notifications.topics import EMAILS, INTERACTIONS
from services.gateway.wire.messages import invited, stamped
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer, JournalEvent, Page, Route
from shared.contracts.commands import AgentCommand
from shared.domain.errors import PositionGoneError, Unavailable
from shared.domain.journal_positions import Span
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.database.batching import for_herds

log = structlog.get_logger()

_LOOK_ROUND: Final = timedelta(seconds=15)
_MOST_NOTED: Final = 1_000


class EventFeed:
    """Feeds CometD from the journal; the broker only says that there is something new, and what.

    Events of one agent stay in order, those of different agents do not wait for each other.
    """

    def __init__(
        self,
        url: str,
        *,
        journal_reader: JournalReader,
        dialects: Dialects,
        queries: InteractionQueries,
        presence: PresenceStore,
    ) -> None:
        self._presence = presence
        self._events = EventConsumer(url, self._receive, self._catch_up_soon)
        self._journal_reader = journal_reader
        self._dialects = dialects
        self._queries = queries
        self._reached: dict[str, int] = {}
        self._begun: dict[str, asyncio.Event] = {}
        self._outcomes = AwaitedOutcomes()
        self._listening: set[str] = set()
        self._waiting: Counter[str] = Counter()
        self._queues = PerAgentQueues(self._do)
        self._noting = for_herds(self._note_together, most=_MOST_NOTED)
        self._bayeux: BayeuxServer | None = None

    def is_arriving(self) -> bool:
        """Say whether the broker delivers here."""
        return self._events.is_connected()

    def problem(self) -> str:
        """Say why nothing arrives here; nothing where it does."""
        return "" if self.is_arriving() else "the broker delivers none here"

    def on_first_subscription(self, user_id: str) -> None:
        """Somebody began to listen to this user's topics."""
        self._listening.add(user_id)
        self._begun[user_id] = asyncio.Event()
        self._events.watch(user_id)
        self._catch_up_soon(frozenset({user_id}))

    def on_last_unsubscription(self, user_id: str) -> None:
        """Nobody in this process listens to this user's topics any more."""
        self._listening.discard(user_id)
        self._reached.pop(user_id, None)
        if begun := self._begun.pop(user_id, None):
            begun.set()
        self._rest_from(user_id)

    @asynccontextmanager
    async def awaiting(
        self, message_id: UUID, command: AgentCommand
    ) -> AsyncIterator[AwaitedOutcome]:
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
        if begun := self._begun.get(user_id):
            await begun.wait()
        if route.topic not in {INTERACTIONS, EMAILS}:
            return
        try:
            offered = await self._queries.offered_to(user_id)
        except Unavailable as error:
            log.warning("open invitations not sent again", user_id=user_id, reason=str(error))
            return
        for one in offered:
            invitation = Message(INTERACTIONS, stamped(invited(one), one.version))
            for message in self._dialects.of(invitation):
                if message.topic == route.topic:
                    self._application.send(session_id, route.channel, message.payload)

    async def span(self, user_id: str) -> Span:
        """Return the positions from which somebody can go on."""
        return await self._journal_reader.span(user_id)

    async def replay(self, user_id: str, after: int) -> Page:
        """Return the next events after a position.

        Raises:
            PositionGoneError: Some of them are no longer kept.
        """
        told = await retry_until_available(lambda: self._journal_reader.after(user_id, after))
        events = [
            JournalEvent(one.position, message.topic, message.payload)
            for one in told
            for original in one.messages
            for message in self._dialects.of(original)
        ]
        return Page(events, reached=told[-1].position if told else after)

    def start_over(self) -> None:
        """Forget every position: all clients shake hands and subscribe anew."""
        for agent_id in list(self._listening):
            self._start_over(agent_id)

    @asynccontextmanager
    async def running(self, bayeux: BayeuxServer) -> AsyncIterator[None]:
        """Feed an application for as long as the context lasts."""
        self._bayeux = bayeux
        async with (
            self._queues.running(),
            self._events.receiving(),
            run_periodically(self._look_round, every=_LOOK_ROUND),
        ):
            yield

    def _rest_from(self, agent_id: str) -> None:
        """Receive the events of an agent no longer, where nobody wants them."""
        if self._waiting[agent_id] <= 0:
            del self._waiting[agent_id]
            if agent_id not in self._listening:
                self._events.unwatch(agent_id)

    @property
    def _application(self) -> BayeuxServer:
        if self._bayeux is None:
            raise RuntimeError("news do not flow yet")
        return self._bayeux

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        try:
            arrived = list(arrived_in(message.body))
        except UnreadableBatchError as error:
            # Of a build with another format, perhaps: the journal has the events as well.
            log.warning("journaled events not understood", reason=str(error))
            self._catch_up_soon(frozenset(self._listening))
            return
        for one in arrived:
            if (
                one.agent_id in self._waiting
                and (envelope := read_envelope(one.envelope)) is not None
            ):
                self._outcomes.note(envelope)
            if one.agent_id in self._listening:
                self._queues.put(one)

    def _catch_up_soon(self, agent_ids: frozenset[str]) -> None:
        """Have told what these agents may have missed; for a new one, begin."""
        for agent_id in agent_ids & self._listening:
            self._queues.put(CatchUp(agent_id))

    async def _do(self, work: Work) -> None:
        match work:
            case CatchUp(agent_id) if agent_id in self._reached:
                await self._events.settled(agent_id)
                await self._fill(agent_id)
            case CatchUp(agent_id):
                await self._begin(agent_id)
            case Arrived(agent_id, position, body) if agent_id in self._reached:
                await self._go_to(agent_id, position, body)

    async def _begin(self, agent_id: str) -> None:
        """Find the position from which on everything is told here.

        It begins without its binding where that takes too long: a catch-up comes when it is there.
        """
        await self._events.settled(agent_id)
        await self._noting(agent_id)
        newest = await retry_until_available(lambda: self._journal_reader.newest(agent_id))
        if agent_id in self._listening:
            self._reached[agent_id] = newest
            self._application.begin(agent_id, newest)
            self._begun[agent_id].set()

    async def _go_to(self, agent_id: str, position: int, body: bytes) -> None:
        """Tell an event, and before it those whose announcements did not come."""
        if position > self._reached[agent_id] + 1:
            await self._fill(agent_id)
        elif position == self._reached[agent_id] + 1:
            envelope = read_envelope(body)
            self._publish(
                agent_id,
                await retry_until_available(
                    lambda: self._journal_reader.tell(agent_id, position, envelope)
                ),
            )

    async def _fill(self, agent_id: str) -> None:
        """Tell all that is in the journal and was not told here."""
        while (reached := self._reached.get(agent_id)) is not None:
            try:
                missed = await retry_until_available(
                    partial(self._journal_reader.after, agent_id, reached)
                )
            except PositionGoneError:
                self._start_over(agent_id)
                return
            for told in missed:
                self._publish(agent_id, told)
            if len(missed) < PAGE:
                return

    async def _look_round(self) -> None:
        await self._note_presence(frozenset(self._listening))
        self._catch_up_soon(await self._behind())

    async def _behind(self) -> frozenset[str]:
        """Return whose journal has come further: another release may tell in ways unheard here."""
        reached = dict(self._reached)
        newest = await asyncio.gather(*map(self._journal_reader.newest, reached))
        return frozenset(
            agent_id
            for agent_id, position in zip(reached, newest, strict=True)
            if position > reached[agent_id]
        )

    async def _note_together(self, agent_ids: Sequence[str]) -> Sequence[None]:
        await self._note_presence(agent_ids)
        return [None] * len(agent_ids)

    async def _note_presence(self, agent_ids: Collection[str]) -> None:
        try:
            await self._presence.record_connected(agent_ids)
        except Unavailable as error:
            log.warning("presence not noted", agents=len(agent_ids), reason=str(error))

    def _start_over(self, agent_id: str) -> None:
        """Let clients who would miss something notice it: they subscribe anew."""
        log.warning("agent's clients have to start over", agent_id=agent_id)
        self._application.restart_sessions(agent_id)

    def _publish(self, agent_id: str, told: ToldEntry) -> None:
        # Nobody may listen any more, or somebody anew, for whom another begin is on its way.
        if self._reached.get(agent_id) != told.position - 1:
            return
        self._reached[agent_id] = told.position
        for original in told.messages:
            for message in self._dialects.of(original):
                self._application.publish(
                    agent_id, message.topic, message.payload, position=told.position
                )
