"""Publishes journaled events to the agents with clients here, once and in the journal's order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from aio_pika.abc import AbstractIncomingMessage

from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.agent_queues import CatchUp, PerAgentQueues, Work
from services.gateway.notifications.command_outcomes import AwaitedOutcome, AwaitedOutcomes
from services.gateway.notifications.dialects import Dialects
from services.gateway.notifications.event_consumer import EventConsumer
from services.gateway.notifications.journal.journal_batch import UnreadableBatchError, read_batch
from services.gateway.notifications.journal.journal_reader import (
    PAGE,
    EntryMessages,
    JournalReader,
    read_envelope,
)
from services.gateway.notifications.mailbox_news import MailboxNews
from services.gateway.notifications.message import Message
from services.gateway.notifications.retrying import retry_until_available
from services.gateway.notifications.topics import EMAILS, INTERACTIONS, MAILBOXES
from services.gateway.wire.messages import invited, with_sequence
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer, JournalEvent, Page, Route
from shared.contracts.commands import AgentCommand
from shared.domain.errors import PositionGoneError, Unavailable
from shared.domain.journal_positions import Span
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.database.batching import for_herds
from shared.storage.journal import Entry

log = structlog.get_logger()

_CHECK_EVERY: Final = timedelta(seconds=15)
"""How often presence is noted and the journal is searched for events that did not arrive."""

_MOST_NOTED: Final = 1_000
"""Agents whose presence is written in one write."""


class EventFeed:
    """Feeds CometD from the journal; the broker brings new events and may lose them.

    An event that does not follow the last published one makes the feed read the journal. Events of
    one agent stay in order, those of different agents do not wait for each other.

    Args:
        url: the broker's address.
        journal_reader: reads missing events, and builds the messages of all.
        dialects: the forms in which messages are published.
        queries: finds open invitations, which are sent again to new subscribers.
        presence: records that agents have clients here.
        mailbox_news: has the states of mailboxes, which new subscribers hear.
    """

    def __init__(
        self,
        url: str,
        *,
        journal_reader: JournalReader,
        dialects: Dialects,
        queries: InteractionQueries,
        presence: PresenceStore,
        mailbox_news: MailboxNews,
    ) -> None:
        self._presence = presence
        self._mailbox_news = mailbox_news
        self._events = EventConsumer(url, self._receive, self._catch_up_soon)
        self._journal_reader = journal_reader
        self._dialects = dialects
        self._queries = queries
        self._last_published: dict[str, int] = {}
        self._started: dict[str, asyncio.Event] = {}
        self._outcomes = AwaitedOutcomes()
        self._subscribed: set[str] = set()
        self._awaiting: Counter[str] = Counter()
        self._queues = PerAgentQueues(self._handle)
        self._noting = for_herds(self._note_together, most=_MOST_NOTED)
        self._bayeux: BayeuxServer | None = None

    def is_arriving(self) -> bool:
        """Return whether the broker delivers events here now."""
        return self._events.is_connected()

    def problem(self) -> str:
        """Return why no events arrive here; empty where they do."""
        return "" if self.is_arriving() else "the broker delivers none here"

    def on_first_subscription(self, user_id: str) -> None:
        """Start publishing the events of a user whose first client here has subscribed."""
        self._subscribed.add(user_id)
        self._started[user_id] = asyncio.Event()
        self._events.watch(user_id)
        self._catch_up_soon(frozenset({user_id}))

    def on_last_unsubscription(self, user_id: str) -> None:
        """Stop publishing the events of a user who has no subscribed client here any more."""
        self._subscribed.discard(user_id)
        self._last_published.pop(user_id, None)
        if started := self._started.pop(user_id, None):
            started.set()
        self._unwatch_unless_needed(user_id)

    @asynccontextmanager
    async def awaiting(
        self, message_id: UUID, command: AgentCommand
    ) -> AsyncIterator[AwaitedOutcome]:
        """Await the outcome of a command, whether its agent has subscribed clients or not."""
        agent_id = command.agent_id
        self._awaiting[agent_id] += 1
        try:
            self._events.watch(agent_id)
            await self._events.wait_until_applied(agent_id)
            with self._outcomes.awaiting(message_id, command) as awaited:
                yield awaited
        finally:
            self._awaiting[agent_id] -= 1
            self._unwatch_unless_needed(agent_id)

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """Send open invitations again: one may have been published before the subscription.

        A subscriber of mailboxes gets their present states.
        """
        if started := self._started.get(user_id):
            await started.wait()
        if route.topic == MAILBOXES:
            await self._send_mailboxes(user_id, route, session_id)
        if route.topic not in {INTERACTIONS, EMAILS}:
            return
        try:
            offered = await self._queries.offered_to(user_id)
        except Unavailable as error:
            log.warning("open invitations not sent again", user_id=user_id, reason=str(error))
            return
        for one in offered:
            invitation = Message(INTERACTIONS, with_sequence(invited(one), one.version))
            for message in self._dialects.of(invitation):
                if message.topic == route.topic:
                    self._server.send(session_id, route.channel, message.payload)

    async def _send_mailboxes(self, user_id: str, route: Route, session_id: str) -> None:
        try:
            for message in await self._mailbox_news.present(user_id):
                self._server.send(session_id, route.channel, message)
        except Unavailable as error:
            log.warning("states of mailboxes not sent", user_id=user_id, reason=str(error))

    async def span(self, user_id: str) -> Span:
        """Return the positions that are kept of a user's journal."""
        return await self._journal_reader.span(user_id)

    async def replay(self, user_id: str, after: int) -> Page:
        """Return the next page of events after a position.

        Raises:
            PositionGoneError: Some of them are no longer kept.
        """
        entries = await retry_until_available(lambda: self._journal_reader.after(user_id, after))
        events = [
            JournalEvent(entry.position, message.topic, message.payload)
            for entry in entries
            for original in entry.messages
            for message in self._dialects.of(original)
        ]
        return Page(events, reached=entries[-1].position if entries else after)

    def restart_all_sessions(self) -> None:
        """End the sessions of all clients here: they shake hands and subscribe again."""
        for agent_id in list(self._subscribed):
            self._restart_sessions(agent_id)

    @asynccontextmanager
    async def running(self, bayeux: BayeuxServer) -> AsyncIterator[None]:
        """Feed a CometD server for as long as the context lasts."""
        self._bayeux = bayeux
        async with (
            self._queues.running(),
            self._events.receiving(),
            run_periodically(self._check_agents, every=_CHECK_EVERY),
        ):
            yield

    def _unwatch_unless_needed(self, agent_id: str) -> None:
        """Stop receiving an agent's events, unless a client or a request needs them."""
        if self._awaiting[agent_id] <= 0:
            del self._awaiting[agent_id]
            if agent_id not in self._subscribed:
                self._events.unwatch(agent_id)

    @property
    def _server(self) -> BayeuxServer:
        if self._bayeux is None:
            raise RuntimeError("the event feed is not running yet: enter `running` first")
        return self._bayeux

    def deliver(self, entries: Iterable[Entry]) -> None:
        """Publish written entries to the clients here; those that were published are dropped."""
        for one in entries:
            if (
                one.agent_id in self._awaiting
                and (envelope := read_envelope(one.envelope)) is not None
            ):
                self._outcomes.resolve(envelope)
            if one.agent_id in self._subscribed:
                self._queues.put(one)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        try:
            arrived = list(read_batch(message.body))
        except UnreadableBatchError as error:
            # Perhaps a pod of another release wrote it. The journal has the same events.
            log.warning("journaled events not understood", reason=str(error))
            self._catch_up_soon(frozenset(self._subscribed))
            return
        self.deliver(arrived)

    def _catch_up_soon(self, agent_ids: frozenset[str]) -> None:
        """Request that the journals of agents are read, for missed events or for new agents."""
        for agent_id in agent_ids & self._subscribed:
            self._queues.put(CatchUp(agent_id))

    async def _handle(self, work: Work) -> None:
        match work:
            case CatchUp(agent_id) if agent_id in self._last_published:
                await self._events.wait_until_applied(agent_id)
                await self._publish_missing(agent_id)
            case CatchUp(agent_id):
                await self._start(agent_id)
            case Entry(agent_id=agent_id) if agent_id in self._last_published:
                await self._publish_arrived(work)

    async def _start(self, agent_id: str) -> None:
        """Find the position after which all events of an agent are published here.

        A binding that takes too long is not waited for: the agent catches up once it is there.
        """
        await self._events.wait_until_applied(agent_id)
        await self._noting(agent_id)
        newest = await retry_until_available(lambda: self._journal_reader.newest(agent_id))
        if agent_id in self._subscribed:
            self._last_published[agent_id] = newest
            self._server.publish_from(agent_id, newest)
            self._started[agent_id].set()

    async def _publish_arrived(self, entry: Entry) -> None:
        """Publish an event, and before it those that the broker did not bring."""
        expected = self._last_published[entry.agent_id] + 1
        if entry.position > expected:
            await self._publish_missing(entry.agent_id)
        elif entry.position == expected:
            messages = await retry_until_available(partial(self._journal_reader.messages_of, entry))
            self._publish(entry.agent_id, messages)

    async def _publish_missing(self, agent_id: str) -> None:
        """Publish all events of an agent that the journal has and that were not published here."""
        while (last := self._last_published.get(agent_id)) is not None:
            try:
                missing = await retry_until_available(
                    partial(self._journal_reader.after, agent_id, last)
                )
            except PositionGoneError:
                self._restart_sessions(agent_id)
                return
            for entry in missing:
                self._publish(agent_id, entry)
            if len(missing) < PAGE:
                return

    async def _check_agents(self) -> None:
        await self._note_presence(frozenset(self._subscribed))
        self._catch_up_soon(await self._behind())

    async def _behind(self) -> frozenset[str]:
        """Return the agents whose journal has events that were not published here.

        A writer of another release may publish in a form that this pod does not receive.
        """
        published = dict(self._last_published)
        newest = await asyncio.gather(*map(self._journal_reader.newest, published))
        return frozenset(
            agent_id
            for agent_id, position in zip(published, newest, strict=True)
            if position > published[agent_id]
        )

    async def _note_together(self, agent_ids: Sequence[str]) -> Sequence[None]:
        await self._note_presence(agent_ids)
        return [None] * len(agent_ids)

    async def _note_presence(self, agent_ids: Collection[str]) -> None:
        try:
            await self._presence.record_connected(agent_ids)
        except Unavailable as error:
            log.warning("presence not noted", agents=len(agent_ids), reason=str(error))

    def _restart_sessions(self, agent_id: str) -> None:
        """End an agent's sessions, because events are missing: clients subscribe again."""
        log.warning("agent's clients have to start over", agent_id=agent_id)
        self._server.restart_sessions(agent_id)

    def _publish(self, agent_id: str, entry: EntryMessages) -> None:
        # The last client may have left while the messages were built, and another one may have
        # subscribed: for that one `_start` comes.
        if self._last_published.get(agent_id) != entry.position - 1:
            return
        self._last_published[agent_id] = entry.position
        for original in entry.messages:
            for message in self._dialects.of(original):
                self._server.publish(
                    agent_id, message.topic, message.payload, position=entry.position
                )
