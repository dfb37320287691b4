"""The criteria by which routing looks for an agent; the store translates them into a query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AgentSearch:
    """Finds the longest-idle agent who is enabled, Ready, within reach, and has a free place.

    Attributes:
        connected_since: An agent whose last CometD connection ended before it is out of reach.
            An agent who never had one (REST only) is always within reach.
        queue: The queue that the agent has to serve; None for any.
        skills: The least level of each skill that the agent has to have.
        excluded: The ids of agents who are not considered.
        only: The id of the one agent who is considered; None for all.
    """

    connected_since: datetime
    queue: str | None
    skills: Mapping[str, int]
    excluded: tuple[str, ...] = ()
    only: str | None = None
