"""Offers waiting interactions to Ready agents: one pass at a time through each queue."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from datetime import timedelta
from functools import partial
from typing import Final, Self

import structlog

from services.routing.store import WaitingStore
from shared.contracts.contact_center import Queue
from shared.contracts.envelope import Cause
from shared.contracts.events import AgentInvited
from shared.domain.clock import Clock
from shared.domain.errors import Refused, StaleInteractionError
from shared.domain.handovers import invite
from shared.domain.interaction import Interaction
from shared.storage.agents import AgentStore
from shared.storage.configuration import ConfigurationStore
from shared.storage.interactions import Change, InteractionStore

log = structlog.get_logger()

_INVITATIONS_AT_ONCE: Final = 10


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
        async with _Inviting() as inviting:
            async for interaction in self._waiting.waiting(name):
                agent_id = await self._reserve(interaction, queue)
                if agent_id is not None:
                    await inviting.begin(self._invite(interaction, agent_id))
                elif _is_for_anybody(interaction):
                    return

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

    async def _invite(self, interaction: Interaction, agent_id: str) -> None:
        try:
            await self._interactions.change(
                interaction.id,
                Cause.about(interaction.id),
                partial(_offer, agent_id=agent_id, clock=self._clock, ttl=self._invitation),
                known=interaction,
            )
        except (Refused, StaleInteractionError):
            # Somebody else took it from the queue first.
            await self._agents.release(agent_id, interaction.id)


class _Inviting:
    """Invitations on their way. One that fails breaks off no other, and is told at the end.

    A group that cancels the rest would leave places taken for invitations never written, and
    hide what failed inside an error of its own.
    """

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(_INVITATIONS_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, invitation: Coroutine[None, None, None]) -> None:
        await self._at_once.acquire()
        task = asyncio.create_task(invitation)
        task.add_done_callback(lambda _: self._at_once.release())
        self._tasks.append(task)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        failed = [one for one in ended if isinstance(one, BaseException)]
        if failed and kind is None:
            raise failed[0]


def _offer(before: Interaction, agent_id: str, clock: Clock, ttl: timedelta) -> Change:
    after = invite(before, agent_id, clock.now() + ttl)
    return Change(after, [AgentInvited.of(after, agent_id)])


def _is_for_anybody(interaction: Interaction) -> bool:
    """Say whether nobody could take what waits behind it, if nobody could take this."""
    return not interaction.excluded and not interaction.skill
