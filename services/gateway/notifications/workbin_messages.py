"""Builds the messages about workbins, for those who may look into them."""

from typing import Literal

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.message import Message
from services.gateway.notifications.topics import INTERACTIONS, WORKBINS
from services.gateway.wire.fields import Fields
from services.gateway.wire.messages import in_workbin, no_longer_held, with_sequence, workbin_items
from services.gateway.wire.workbins import change_message, content_message
from shared.contracts.events import WorkbinContentWanted, WorkbinItemAdded, WorkbinItemRemoved
from shared.domain.errors import UnknownInteractionError
from shared.domain.lifecycle import State
from shared.storage.interactions.interaction_store import InteractionStore

ContentFrame = Literal["message", "array", "each"]
"""The form of a workbin's content: one message that holds the list, the bare list, or one message
for each interaction."""

WorkbinNews = WorkbinItemAdded | WorkbinItemRemoved | WorkbinContentWanted


class WorkbinMessageBuilder:
    """Builds messages from events about workbins."""

    def __init__(
        self,
        interactions: InteractionStore,
        queries: InteractionQueries,
        agent_cache: AgentCache,
        *,
        frame: ContentFrame,
    ) -> None:
        self._interactions = interactions
        self._queries = queries
        self._agent_cache = agent_cache
        self._frame = frame

    async def build(self, event: WorkbinNews, agent_id: str) -> list[Message]:
        """Return the messages for an agent; none for one who has left the workbin's group.

        Raises:
            Unavailable: The database does not answer.
        """
        if isinstance(event, WorkbinContentWanted):
            return await self._content(event)
        is_added = isinstance(event, WorkbinItemAdded)
        item = await self._item(event) if is_added else _heading(event)
        if not await self._may_see(agent_id, event):
            return []
        kind = "ItemAdded" if is_added else "ItemRemoved"
        return [Message(WORKBINS, change_message(kind, event.place, item))]

    async def _content(self, event: WorkbinContentWanted) -> list[Message]:
        items = workbin_items(await self._queries.in_workbin(event.place))
        match self._frame:
            case "message":
                payloads: list[object] = [content_message(event.place, items)]
            case "array":
                payloads = [items]
            case "each":
                payloads = list(items)
        return [Message(INTERACTIONS, one) for one in payloads]

    async def _item(self, event: WorkbinItemAdded | WorkbinItemRemoved) -> Fields:
        """Return the interaction, or its heading where it has left the workbin meanwhile."""
        try:
            interaction = await self._interactions.get(event.interaction_id, with_text=False)
        except UnknownInteractionError:
            return _heading(event)
        if interaction.state is not State.IN_WORKBIN or interaction.place != event.place:
            return _heading(event)
        return with_sequence(in_workbin(interaction), interaction.version)

    async def _may_see(self, agent_id: str, event: WorkbinItemAdded | WorkbinItemRemoved) -> bool:
        member = await self._agent_cache.get(agent_id)
        return member is not None and event.place.is_open_to(agent_id, member.agent.queues)


def _heading(event: WorkbinItemAdded | WorkbinItemRemoved) -> Fields:
    return with_sequence(
        no_longer_held(event.interaction_id, event.subject, "InWorkbin"), event.version
    )
