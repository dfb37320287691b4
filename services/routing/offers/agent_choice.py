"""The rule by which an agent is chosen for a waiting interaction. No I/O: it returns searches."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.contact_center import Queue
from shared.domain.interaction import Interaction
from shared.domain.queue_rank import highest_levels
from shared.domain.routing.agent_search import AgentSearch

OUT_OF_REACH: Final = timedelta(seconds=45)
"""An agent without a connection for this long gets no offers, because they would not arrive."""

_ANY_LEVEL: Final = 1
"""A transfer names a skill without a level; level 0 means that an agent does not have it."""


def searches_for(interaction: Interaction, queue: Queue, now: datetime) -> Sequence[AgentSearch]:
    """Return the searches for the agent of an interaction, to be tried until one finds an agent.

    The preferred agent comes first, however long others have been idle; where that search finds
    nobody (away, full, of another queue, excluded), everybody's follows at once. The skills that
    the interaction needs are asked for besides those of the queue. A transfer to a skill goes to
    any agent who has it, whatever queues the agent serves.
    """
    search = replace(
        search_in(queue, now),
        skills=highest_levels(queue.requires, interaction.needs),
        excluded=excluded_agents(interaction, now),
    )
    if interaction.skill:
        search = replace(search, queue=None, skills={interaction.skill: _ANY_LEVEL})
    if interaction.preferred_id is None:
        return (search,)
    return (replace(search, only=interaction.preferred_id), search)


def search_in(queue: Queue, now: datetime) -> AgentSearch:
    """Return the search for any agent who serves a queue."""
    return AgentSearch(connected_since=now - OUT_OF_REACH, queue=queue.name, skills=queue.requires)


def excluded_agents(interaction: Interaction, now: datetime) -> tuple[str, ...]:
    """Return the ids of the agents who rejected or missed an interaction a moment ago."""
    return tuple(one.agent_id for one in interaction.excluded if one.until > now)
