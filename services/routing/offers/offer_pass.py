"""Offers waiting interactions to Ready agents: one pass through a queue."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from services.routing.offers.agent_choice import excluded_agents, search_in, searches_for
from services.routing.offers.unmet_needs import UnmetNeeds
from services.routing.policy import Policy
from services.routing.store import WaitingStore
from shared.contracts.contact_center import Queue
from shared.contracts.events import AgentInvited
from shared.domain.clock import Clock
from shared.domain.interaction import Interaction
from shared.domain.routing.assignment import invite
from shared.storage.agents.agent_store import AgentStore, Reservation
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import Change, InteractionStore

INVITATIONS_AT_ONCE: Final = 20
"""Invitations in one write. More would keep the first agents waiting for the last ones."""


class OfferPass:
    """Invites free agents to waiting interactions, the first by rank before all others.

    Two passes through one queue at the same time are safe but wasteful: the compare-and-set on
    each interaction lets only one of them win. `QueueFiller` therefore runs one at a time.
    """

    def __init__(
        self,
        *,
        waiting: WaitingStore,
        interactions: InteractionStore,
        agents: AgentStore,
        configuration: ConfigurationStore,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._waiting = waiting
        self._interactions = interactions
        self._agents = agents
        self._configuration = configuration
        self._clock = clock
        self._policy = policy

    async def pass_through(self, name: str) -> AsyncGenerator[int]:
        """Offer the interactions of a queue until no free agent or no interaction is left.

        Yields after each bulk how many of its invitations were written, and 0 after each
        interaction that found nobody. The caller may stop at any of them, and has to when the queue
        is no longer its own. The pass also ends when another process has taken a whole bulk first.
        """
        queue = (await self._configuration.current()).queue(name) or Queue(name=name)
        offers: list[tuple[Interaction, Reservation]] = []
        try:
            async for reservation in self._reservations(queue):
                if reservation is None:
                    yield 0
                    continue
                offers.append(reservation)
                if len(offers) == INVITATIONS_AT_ONCE:
                    bulk, offers = offers, []
                    invited = await self._invite(bulk)
                    yield invited
                    if not invited:
                        return
            if offers:
                bulk, offers = offers, []
                yield await self._invite(bulk)
        finally:
            # Agents hold places for these offers already, so they are written even if the pass
            # was broken off.
            await self._invite(offers)

    async def _reservations(
        self, queue: Queue
    ) -> AsyncIterator[tuple[Interaction, Reservation] | None]:
        """Reserve an agent for each waiting interaction; yield both, or None for no agent."""
        seen: set[str] = set()
        unmet = UnmetNeeds(self._waiting, self._agents)
        scarce: set[str] = set()
        async for interaction in self._in_order(queue.name, unmet):
            seen.add(interaction.id)
            if unmet.include(interaction):
                yield None
                continue
            reserved = await self._reserve(interaction, queue, scarce)
            if reserved is None:
                if not await self._may_take_another(interaction, queue):
                    break
                if self._shows_unmet_needs(interaction):
                    await unmet.learn(interaction, search_in(queue, self._clock.now()))
            yield (interaction, reserved) if reserved else None
        else:
            return
        # No agent of the queue is free. A transfer to a skill may still go to an agent who does
        # not serve the queue.
        async for interaction in self._waiting.waiting_for_skill(queue.name):
            if interaction.id in seen:
                continue
            reserved = await self._reserve(interaction, queue, scarce)
            yield (interaction, reserved) if reserved else None

    async def _in_order(self, queue: str, unmet: UnmetNeeds) -> AsyncIterator[Interaction]:
        """Yield the interactions that wait in a queue by rank.

        Those whose needs are unmet by then are left out, without reading them where their sets are
        known: there may be many of them before the next one that somebody can take.
        """
        seen: set[str] = set()
        while True:
            known = len(unmet)
            async for interaction in self._waiting.waiting(queue, unmet.met(), unmet.unmet()):
                if interaction.id in seen:
                    continue
                seen.add(interaction.id)
                yield interaction
                if len(unmet) > known:
                    break
            else:
                return

    def _shows_unmet_needs(self, untaken: Interaction) -> bool:
        """Say whether the needs of `untaken` alone are why no free agent takes it."""
        is_open = not untaken.skill and not excluded_agents(untaken, self._clock.now())
        return is_open and bool(untaken.needs)

    async def _may_take_another(self, untaken: Interaction, queue: Queue) -> bool:
        """Say whether an agent may be found for a mail behind `untaken`, which found none."""
        if untaken.skill:
            # Agents without that skill were not considered.
            return True
        now = self._clock.now()
        if not untaken.needs and not excluded_agents(untaken, now):
            # All agents of the queue were considered.
            return False
        return await self._agents.is_anybody_free(search_in(queue, now))

    async def _reserve(
        self, interaction: Interaction, queue: Queue, scarce: set[str]
    ) -> Reservation | None:
        """Reserve an agent for an interaction; return None if none was found.

        `scarce` are the skills for which this pass has found nobody. A mail that was transferred
        to one of them needs no search of its own.
        """
        if interaction.skill in scarce:
            return None
        now = self._clock.now()
        for search in searches_for(interaction, queue, now):
            if (reserved := await self._agents.reserve(interaction.id, search)) is not None:
                return reserved
        if interaction.skill and not excluded_agents(interaction, now):
            scarce.add(interaction.skill)
        return None

    async def _invite(self, offers: Sequence[tuple[Interaction, Reservation]]) -> int:
        now = self._clock.now()
        invited = await self._interactions.change_together(
            [(before, self._offer(before, reserved, now)) for before, reserved in offers]
        )
        for (before, reserved), is_invited in zip(offers, invited, strict=True):
            if not is_invited:
                # Another process took the interaction from the queue first.
                await self._agents.release(reserved.agent_id, before.id)
        return sum(invited)

    def _offer(self, before: Interaction, reserved: Reservation, now: datetime) -> Change:
        ends = now + self._policy.invitation_of(reserved.invitation)
        after = invite(before, reserved.agent_id, ends, now)
        return Change(after, [AgentInvited.of(after, reserved.agent_id)])
