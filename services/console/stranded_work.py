"""Finds, describes and moves work whose queue, workbin or agent is gone."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.contracts.events import WorkbinItemRemoved, WorkReclaimed
from shared.contracts.outgoing import Outgoing
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import Direction, State
from shared.domain.routing.stranded_work import (
    ExistingPlaces,
    Loss,
    Work,
    losses,
    move_to_queue,
    same_name,
)
from shared.storage.agents import agent_store
from shared.storage.agents.agent_store import AgentStore
from shared.storage.database.client import Database, Document
from shared.storage.interactions import interaction_store
from shared.storage.interactions.active import IS_ACTIVE
from shared.storage.interactions.interaction_store import Change, InteractionStore

# Changes at the same time; agents work meanwhile.
_AT_ONCE: Final = 50
_WHERE: Final[Document] = {"direction": 1, "state": 1, "queue": 1, "owner_id": 1, "place": 1}


@dataclass(frozen=True, slots=True)
class Stranded:
    """One piece of work, and which of its queue, workbin and agent are gone."""

    work: Work
    losses: Sequence[tuple[Loss, str]]


class _RehousedError(Refused):
    """Another process has moved the work meanwhile."""


async def _publish_nothing(_: str, __: Sequence[Outgoing]) -> None:
    """Publish nothing: the sweep of the owning service publishes the outbox."""


class StrandedWork:
    """Unfinished work that no agent can find."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[interaction_store.COLLECTION]
        self._agents = database[agent_store.COLLECTION]
        self._interactions = InteractionStore(database, clock, _publish_nothing)
        self._agent_store = AgentStore(database, clock, _publish_nothing)

    async def user_names(self) -> dict[str, str]:
        """Return the user names of all agents, by id."""
        return {
            one["_id"]: one["user_name"]
            async for one in self._agents.find({}, _USER, sort=_BY_NAME)
        }

    async def disabled(self) -> frozenset[str]:
        """Return the ids of the agents who may not log in now."""
        found = self._agents.find({"enabled": False}, {"_id": 1})
        return frozenset([one["_id"] async for one in found])

    async def find(self, homes: ExistingPlaces) -> list[Stranded]:
        """Return the work whose queue, workbin or agent is not among `homes`."""
        found = []
        async for one in self._collection.find(IS_ACTIVE, _WHERE):
            work = _to_work(one)
            if lost := losses(work, homes):
                found.append(Stranded(work, lost))
        return found

    async def move(
        self, found: Sequence[Stranded], homes: ExistingPlaces, queue: str | None
    ) -> int:
        """Move work to a queue; return how many pieces were moved.

        Work of a queue whose name changed only in case moves to the new name. Without `queue`
        only such work is moved.
        """
        moves = [(one.work.id, to) for one in found if (to := _target(one, homes) or queue)]
        moved = 0
        for begin in range(0, len(moves), _AT_ONCE):
            page = moves[begin : begin + _AT_ONCE]
            moved += sum(await asyncio.gather(*(self._move(one, homes, to) for one, to in page)))
        return moved

    async def _move(self, interaction_id: str, homes: ExistingPlaces, queue: str) -> bool:
        left: list[str] = []

        def decide(before: Interaction) -> Change:
            if not losses(Work.of(before), homes):
                raise _RehousedError(before.id)
            after = move_to_queue(before, homes, queue)
            left[:] = [before.owner_id] if before.owner_id and not after.owner_id else []
            news: list[WorkReclaimed | WorkbinItemRemoved] = [
                WorkReclaimed.of(after, agent) for agent in left
            ]
            if before.place and not after.place:
                news.append(WorkbinItemRemoved.at(after, before.place))
            return Change(after, news)

        try:
            await self._interactions.change(interaction_id, Cause.about(interaction_id), decide)
        except Refused:
            return False
        for agent_id in left:
            await self._agent_store.release(agent_id, interaction_id)
        return True


_USER: Final[Document] = {"user_name": 1}
_BY_NAME: Final = [("user_name", 1)]


def homes_of(center: ContactCenter, gone_agents: frozenset[str]) -> ExistingPlaces:
    """Return the queues and workbins of a description, and the agents who are gone."""
    return ExistingPlaces(
        frozenset(one.name for one in center.queues),
        frozenset(one.name for one in center.all_workbins),
        gone_agents,
    )


def is_renamed(one: Stranded, homes: ExistingPlaces) -> bool:
    """Say whether only the case of the queue's name changed."""
    return _target(one, homes) is not None


def stranded_lines(found: Sequence[Stranded], user_names: Mapping[str, str]) -> Iterator[str]:
    """Yield one line for each lost queue, workbin and agent, with counts of the stranded work."""
    counts: dict[tuple[Loss, str], Counter[str]] = {}
    for one in found:
        for lost in one.losses:
            counts.setdefault(lost, Counter())[_kind(one.work)] += 1
    for (loss, name), kinds in sorted(counts.items()):
        shown = user_names.get(name, name) if loss is Loss.AGENT else name
        words = ", ".join(f"{kinds[kind]} {kind}" for kind in _KINDS if kinds[kind])
        yield f"{loss} {shown}: {words}"


_WAITING: Final = "waiting mails"
_KEPT: Final = "in workbins"
_DRAFTS: Final = "drafts"
_IN_HAND: Final = "in hand"
_KINDS: Final = (_WAITING, _IN_HAND, _KEPT, _DRAFTS)


def _kind(work: Work) -> str:
    if work.place is not None:
        return _KEPT
    if work.direction is Direction.OUTBOUND:
        return _DRAFTS
    return _WAITING if work.state is State.QUEUED else _IN_HAND


def _target(one: Stranded, homes: ExistingPlaces) -> str | None:
    if [loss for loss, _ in one.losses] != [Loss.QUEUE]:
        return None
    return same_name(one.losses[0][1], homes.queues)


def _to_work(document: Document) -> Work:
    place = document.get("place")
    return Work(
        document["_id"],
        Direction(document["direction"]),
        State(document["state"]),
        document["queue"],
        document.get("owner_id"),
        Place(**place) if place else None,
    )
