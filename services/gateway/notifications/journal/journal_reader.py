"""Reads the journal as messages for an agent's clients, in order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import ValidationError

from services.gateway.errors import trace_of
from services.gateway.notifications.message import Message
from services.gateway.notifications.message_builder import MessageBuilder
from services.gateway.notifications.workbin_messages import WorkbinMessageBuilder
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    JournaledEvent,
    WorkbinContentWanted,
    WorkbinItemAdded,
    WorkbinItemRemoved,
)
from shared.domain.errors import Unavailable
from shared.domain.journal_positions import Span
from shared.storage.journal import Entry, Journal

log = structlog.get_logger()

_Wrapped = Envelope[JournaledEvent]
"""Held here because pydantic builds the class again, in two milliseconds, once it is collected."""

PAGE: Final = 50
"""Entries that are read at a time."""


@dataclass(frozen=True, slots=True)
class EntryMessages:
    """The messages of the journal entry at a position; there may be none."""

    position: int
    messages: Sequence[Message] = ()


class JournalReader:
    """Builds the messages of journal entries, each with the state that its event led to.

    The text of a mail is the current one, and only its current holder gets it. Everybody else gets
    what the event itself says: the subject.
    """

    def __init__(
        self,
        journal: Journal,
        message_builder: MessageBuilder,
        workbin_messages: WorkbinMessageBuilder,
    ) -> None:
        self._journal = journal
        self._message_builder = message_builder
        self._workbin_messages = workbin_messages

    async def newest(self, agent_id: str) -> int:
        """Return the newest position of an agent, 0 where nothing ever happened."""
        return await self._journal.newest(agent_id)

    async def span(self, agent_id: str) -> Span:
        """Return the positions that are kept of an agent."""
        return await self._journal.span(agent_id)

    async def after(
        self, agent_id: str, position: int, *, limit: int = PAGE
    ) -> Sequence[EntryMessages]:
        """Return up to `limit` entries after a position; none where it is the newest.

        Raises:
            PositionGoneError: An entry after the position is no longer kept.
            Unavailable: The database does not answer.
        """
        entries = await self._journal.after(agent_id, position, limit=limit)
        return await asyncio.gather(*(self.messages_of(entry) for entry in entries))

    async def messages_of(self, entry: Entry) -> EntryMessages:
        """Return the messages of one entry.

        An event that is not understood, or of which no message can be built, is logged and gets
        none, so that it never keeps back the events after it.

        Raises:
            Unavailable: The database does not answer.
        """
        agent_id, position = entry.agent_id, entry.position
        envelope = read_envelope(entry.envelope)
        if envelope is None:
            return EntryMessages(position)
        try:
            messages = await self._build(agent_id, envelope.body)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - it is of a newer release, or a bug
            log.error(  # noqa: TRY400 - its message may quote a mail
                "event not published", agent_id=agent_id, position=position, fault=trace_of(error)
            )
            return EntryMessages(position)
        return EntryMessages(position, [_with_position(message, position) for message in messages])

    async def _build(self, agent_id: str, event: JournaledEvent) -> Sequence[Message]:
        if isinstance(event, WorkbinItemAdded | WorkbinItemRemoved | WorkbinContentWanted):
            return await self._workbin_messages.build(event, agent_id)
        message = await self._message_builder.build(event)
        return [message] if message else []


def read_envelope(envelope: bytes) -> Envelope[JournaledEvent] | None:
    """Return an event; None where it is of a newer release and unknown to this one."""
    try:
        return _Wrapped.model_validate_json(envelope)
    except ValidationError as error:
        log.warning("event not understood", faults=error.error_count())
        return None


def _with_position(message: Message, position: int) -> Message:
    """Return a message with its `position`.

    The bare list, which an operator may choose for the content of a workbin, has no room for it.
    """
    if not isinstance(message.payload, Mapping):
        return message
    return Message(message.topic, {**message.payload, "position": position})
