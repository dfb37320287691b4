"""From the journal to messages: what an agent's clients are told of the past, in order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import ValidationError

from services.gateway.errors import trace_of
from services.gateway.notifications.message_builder import Message, MessageBuilder
from services.gateway.notifications.workbin_messages import WorkbinMessageBuilder
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    AgentNews,
    WorkbinContentWanted,
    WorkbinItemAdded,
    WorkbinItemRemoved,
)
from shared.domain.errors import Unavailable
from shared.domain.journal_positions import Span
from shared.storage.journal import Journal

log = structlog.get_logger()

_Wrapped = Envelope[AgentNews]
"""Kept by name: pydantic makes the class anew, in two milliseconds, when nobody holds it."""

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """All that is told of the entry at a position, which may be nothing."""

    position: int
    messages: Sequence[Message] = ()


class JournalReader:
    """Tells the journal: each event with the state of then.

    The words of a mail are today's, for who holds it today. Nobody else is told more than the
    event itself says: its subject.
    """

    def __init__(
        self, journal: Journal, message_builder: MessageBuilder, workbins: WorkbinMessageBuilder
    ) -> None:
        self._journal = journal
        self._message_builder = message_builder
        self._workbins = workbins

    async def newest(self, agent_id: str) -> int:
        """Return the newest position of an agent."""
        return await self._journal.newest(agent_id)

    async def span(self, agent_id: str) -> Span:
        """Return the positions that are kept of an agent."""
        return await self._journal.span(agent_id)

    async def after(
        self, agent_id: str, position: int, *, limit: int = PAGE
    ) -> Sequence[ToldEntry]:
        """Tell what follows a position; nothing where it is the newest.

        Raises:
            PositionGoneError: Something that follows is no longer kept.
            Unavailable: The database does not answer.
        """
        entries = await self._journal.after(agent_id, position, limit=limit)
        return await asyncio.gather(
            *(
                self.tell(agent_id, entry.position, read_envelope(entry.event.envelope))
                for entry in entries
            )
        )

    async def tell(
        self, agent_id: str, position: int, envelope: Envelope[AgentNews] | None
    ) -> ToldEntry:
        """Tell an agent one event, of which nothing is told where it was not understood.

        One that cannot be told, for whatever reason, keeps none of those behind it.

        Raises:
            Unavailable: The interaction cannot be read now.
        """
        if envelope is None:
            return ToldEntry(position)
        try:
            messages = await self._messages(agent_id, envelope.body)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - of a newer release, or a fault of ours
            log.error("event not told", agent_id=agent_id, position=position, fault=trace_of(error))  # noqa: TRY400 - without its words
            return ToldEntry(position)
        return ToldEntry(position, [_placed(message, position) for message in messages])

    async def _messages(self, agent_id: str, news: AgentNews) -> Sequence[Message]:
        if isinstance(news, WorkbinItemAdded | WorkbinItemRemoved | WorkbinContentWanted):
            return await self._workbins.tell(news, agent_id)
        message = await self._message_builder.build(news)
        return [message] if message else []


def read_envelope(envelope: bytes) -> Envelope[AgentNews] | None:
    """Return an event; None where a newer service announced what this one does not know yet."""
    try:
        return _Wrapped.model_validate_json(envelope)
    except ValidationError as error:
        log.warning("event not understood", faults=error.error_count())
        return None


def _placed(message: Message, position: int) -> Message:
    """Return a message that says after which position its reader may go on.

    The bare list, which an operator may choose for the content of a workbin, cannot say it.
    """
    if not isinstance(message.payload, Mapping):
        return message
    return Message(message.topic, {**message.payload, "position": position})
