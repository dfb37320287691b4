"""Offers waiting interactions to Ready agents: one pass at a time through each queue."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from services.routing.store import WaitingStore
from shared.contracts.contact_center import Queue
from shared.contracts.events import AgentInvited
from shared.domain.clock import Clock
from shared.domain.handovers import invite
from shared.domain.interaction import Interaction
from shared.storage.agents import AgentStore
from shared.storage.configuration import ConfigurationStore
from shared.storage.interactions import Change, InteractionStore

log = structlog.get_logger()

_INVITATIONS_AT_ONCE: Final = 20


class Offering:
    """Brings waiting interactions and free agents together, the longest-waiting first.

    However many ask at once, one pass serves all who asked before it began. Two pods may pass
    through the same queue: the compare-and-set on the interaction lets one of them win.
    """

    def __init__(
        self,
        *,
        waiting: WaitingStore,
        interactions: InteractionStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        clock: Clock,
        invitation: timedelta,
    ) -> None:
        self._waiting = waiting
        self._interactions = interactions
        self._agents = agents
        self._configuration = configuration
        self._clock = clock
        self._invitation = invitation
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: dict[str, int] = defaultdict(int)
        self._served: dict[str, int] = defaultdict(int)

    async def fill(self, queue: str) -> None:
        """Return when everything that waited in the queue has been offered as far as it goes."""
        self._asked[queue] += 1
        turn = self._asked[queue]
        async with self._locks[queue]:
            if self._served[queue] >= turn:
                return
            asked = self._asked[queue]
            await self._pass_through(queue)
            self._served[queue] = asked

    async def fill_for(self, agent_id: str) -> None:
        """Offer what waits in any queue that the agent serves."""
        agent = await self._agents.get(agent_id)
        for queue in agent.queues if agent else ():
            await self.fill(queue)

    async def fill_all(self) -> None:
        """Offer what waits in any queue: for exclusions that have ended and for lost hints."""
        for queue in (await self._configuration.current()).queues:
            await self.fill(queue.name)

    async def _pass_through(self, name: str) -> None:
        queue = (await self._configuration.current()).queue(name) or Queue(name=name)
        offers: list[tuple[Interaction, str]] = []
        try:
            async for interaction in self._waiting.waiting(name):
                agent_id = await self._reserve(interaction, queue)
                if agent_id is not None:
                    offers.append((interaction, agent_id))
                elif _is_for_anybody(interaction):
                    break
                if len(offers) == _INVITATIONS_AT_ONCE:
                    together, offers = offers, []
                    await self._invite(together)
        finally:
            # Whatever broke off the pass, places are taken for these.
            await self._invite(offers)

    async def _reserve(self, interaction: Interaction, queue: Queue) -> str | None:
        now = self._clock.now()
        reserve = partial(
            self._agents.reserve,
            interaction.id,
            # Who has the skill that a transfer names need not serve the queue.
            None if interaction.skill else queue.name,
            requires={interaction.skill: 1} if interaction.skill else queue.requires,
            passing_over=[one.agent_id for one in interaction.excluded if one.until > now],
        )
        if interaction.preferred_id and (agent_id := await reserve(only=interaction.preferred_id)):
            return agent_id
        return await reserve()

    async def _invite(self, offers: Sequence[tuple[Interaction, str]]) -> None:
        expires_at = self._clock.now() + self._invitation
        invited = await self._interactions.change_together(
            [(before, _offer(before, agent_id, expires_at)) for before, agent_id in offers]
        )
        for (before, agent_id), is_invited in zip(offers, invited, strict=True):
            if not is_invited:
                # Somebody else took it from the queue first.
                await self._agents.release(agent_id, before.id)


def _offer(before: Interaction, agent_id: str, expires_at: datetime) -> Change:
    after = invite(before, agent_id, expires_at)
    return Change(after, [AgentInvited.of(after, agent_id)])


def _is_for_anybody(interaction: Interaction) -> bool:
    """Say whether nobody could take what waits behind it, if nobody could take this."""
    return not interaction.excluded and not interaction.skill
