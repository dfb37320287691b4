"""What is told of workbins: who may hear it, and in which frame."""

from typing import Literal

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.message_builder import Message
from services.gateway.notifications.topics import INTERACTIONS, WORKBINS
from services.gateway.wire.mail import Fields
from services.gateway.wire.messages import gone, kept, stamped
from services.gateway.wire.workbins import change_message, content_message, items
from shared.contracts.events import WorkbinContentWanted, WorkbinItemAdded, WorkbinItemRemoved
from shared.domain.errors import UnknownInteractionError
from shared.domain.lifecycle import State
from shared.storage.interactions.interaction_store import InteractionStore

ContentFrame = Literal["message", "array", "each"]
"""One message that holds a list, the bare list, or one message for each thing in it."""

WorkbinChange = WorkbinItemAdded | WorkbinItemRemoved | WorkbinContentWanted


class WorkbinMessageBuilder:
    """Turns events about workbins into what an agent is told."""

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

    async def tell(self, news: WorkbinChange, agent_id: str) -> list[Message]:
        """Return what an agent is told, who may have left the group meanwhile.

        Raises:
            Unavailable: The interactions cannot be read now.
        """
        if isinstance(news, WorkbinContentWanted):
            return await self._content(news)
        added = isinstance(news, WorkbinItemAdded)
        item = await self._item(news) if added else stamped(_taken(news), news.version)
        if not await self._may_see(agent_id, news):
            return []
        kind = "ItemAdded" if added else "ItemRemoved"
        return [Message(WORKBINS, change_message(kind, news.place, item))]

    async def _content(self, news: WorkbinContentWanted) -> list[Message]:
        content = await self._queries.kept_in(news.place)
        match self._frame:
            case "message":
                payloads: list[object] = [content_message(news.place, content)]
            case "array":
                payloads = [items(content)]
            case "each":
                payloads = list(items(content))
        return [Message(INTERACTIONS, one) for one in payloads]

    async def _item(self, news: WorkbinItemAdded | WorkbinItemRemoved) -> Fields:
        try:
            interaction = await self._interactions.get(news.interaction_id, with_text=False)
        except UnknownInteractionError:
            return stamped(_taken(news), news.version)
        if interaction.state is not State.IN_WORKBIN or interaction.place != news.place:
            return stamped(_taken(news), news.version)
        return stamped(kept(interaction), interaction.version)

    async def _may_see(self, agent_id: str, news: WorkbinItemAdded | WorkbinItemRemoved) -> bool:
        member = await self._agent_cache.get(agent_id)
        return member is not None and news.place.is_open_to(agent_id, member.agent.queues)


def _taken(news: WorkbinItemAdded | WorkbinItemRemoved) -> Fields:
    """Return what is told of something that is not, or no longer, in that workbin."""
    return gone(news.interaction_id, news.subject, "InWorkbin")
