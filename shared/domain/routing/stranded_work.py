"""Work that no agent can reach: its queue, workbin or agent was removed. Pure rules."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import Direction, Operation, State

UNASSIGNED: Final = "unassigned"
"""The queue for mail that has no other queue. Administrators who take mail serve it."""


class Loss(StrEnum):
    """The missing part of a piece of work: its queue, its workbin or its agent."""

    QUEUE = "queue"
    WORKBIN = "workbin"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class ExistingPlaces:
    """The existing queues and workbins, and the ids of agents who may no longer log in."""

    queues: frozenset[str]
    workbins: frozenset[str]
    gone_agents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Work:
    """The fields of an unfinished interaction that say where it is."""

    id: str
    direction: Direction
    state: State
    queue: str
    owner_id: str | None = None
    place: Place | None = None

    @classmethod
    def of(cls, interaction: Interaction) -> "Work":
        """Return these fields of an interaction."""
        return cls(
            interaction.id,
            interaction.direction,
            interaction.state,
            interaction.queue,
            interaction.owner_id,
            interaction.place,
        )


def losses(work: Work, homes: ExistingPlaces) -> list[tuple[Loss, str]]:
    """Return what was removed from under a piece of work, each with its name or id.

    An empty list means that agents can reach it. Mail that a removed agent owns is not listed,
    because routing reclaims it.
    """
    found = _losses_of_place(work, homes)
    if work.queue not in homes.queues:
        found.insert(0, (Loss.QUEUE, work.queue))
    return list(dict.fromkeys(found))


def move_to_queue(interaction: Interaction, homes: ExistingPlaces, queue: str) -> Interaction:
    """Return the interaction with `queue` as its queue.

    It waits in that queue if no agent can reach it where it is now. `queued_at` does not change.
    """
    version = interaction.version + 1
    if not _losses_of_place(Work.of(interaction), homes):
        return replace(interaction, queue=queue, version=version)
    kept = interaction
    if kept.state is State.REPLY_CREATED:
        kept = kept.after(Operation.RECLAIM, owner_id=None)
    waiting = kept.after(Operation.RECLAIM, queue=queue, place=None, excluded=())
    return replace(waiting, version=version)


def same_name(name: str, names: Iterable[str]) -> str | None:
    """Return the name among `names` that differs from `name` in case at most."""
    folded = name.casefold()
    return next((one for one in names if one.casefold() == folded), None)


def _losses_of_place(work: Work, homes: ExistingPlaces) -> list[tuple[Loss, str]]:
    """Return the removed workbin, queue or agent that makes the work unreachable."""
    if work.place is None:
        is_left = work.state is State.REPLY_CREATED and work.owner_id in homes.gone_agents
        return [(Loss.AGENT, work.owner_id or "")] if is_left else []
    found = []
    if work.place.workbin not in homes.workbins:
        found.append((Loss.WORKBIN, work.place.workbin))
    if work.place.of_group and work.place.owner not in homes.queues:
        found.append((Loss.QUEUE, work.place.owner))
    if not work.place.of_group and work.place.owner in homes.gone_agents:
        found.append((Loss.AGENT, work.place.owner))
    return found
