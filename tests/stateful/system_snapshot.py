"""Where every interaction is, as REST shows it: each has exactly one place. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.stateful.rules import ONCE, Relation, advertised
from tests.stateful.view import Message

ON_A_DESK: Final = frozenset({"Invited", "Accepted", "ReplyCreated"})
DONE: Final = frozenset({"Completed", "Sent", "Canceled", "Uncertain"})


@dataclass(frozen=True, slots=True)
class SystemSnapshot:
    """All that can be read over REST at one moment.

    `listed` is the list of everything unfinished, `ended` what is not in it, both by id; `desks`
    are by agent, `bins` by workbin, `open_to` says which agents may look into which workbin.
    """

    listed: Mapping[str, Message]
    desks: Mapping[str, Mapping[str, Message]]
    bins: Mapping[str, Mapping[str, Message]] = field(default_factory=dict)
    open_to: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ended: Mapping[str, Message] = field(default_factory=dict)

    def state(self, interaction_id: str) -> str:
        """Return the state in which an interaction is."""
        found = self.listed.get(interaction_id) or self.ended[interaction_id]
        return str(found["state"])

    def holder(self, interaction_id: str) -> str | None:
        """Return on whose desk it is."""
        return next((name for name, desk in self.desks.items() if interaction_id in desk), None)

    def shown(self, interaction_id: str) -> Message | None:
        """Return it as the one sees it who may act on it; None where nobody may."""
        several = (*self.desks.values(), *self.bins.values())
        return next((one[interaction_id] for one in several if interaction_id in one), None)

    def relation(self, agent: str, interaction_id: str) -> Relation:
        """Return how an agent stands to it."""
        if interaction_id in self.desks[agent]:
            return Relation.HOLDER
        is_open = any(
            interaction_id in content and agent in self.open_to[name]
            for name, content in self.bins.items()
        )
        return Relation.READER if is_open else Relation.OTHER

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.listed.keys() | self.ended.keys()))


def misplaced(snapshot: SystemSnapshot) -> list[str]:
    """Return every interaction that has no place, or more than one, or not the one it should."""
    places = Counter(one for desk in snapshot.desks.values() for one in desk)
    places.update(one for content in snapshot.bins.values() for one in content)
    found = [f"{one} is in {count} places" for one, count in places.items() if count > 1]
    for one in snapshot:
        state = snapshot.state(one)
        should = _place(state)
        if should != _found_at(snapshot, one):
            found.append(f"{one} is {state} and {_found_at(snapshot, one)}, not {should}")
    found += [
        f"{one} is somewhere and nowhere listed" for one in places if one not in set(snapshot)
    ]
    return sorted(found)


def with_wrong_capabilities(snapshot: SystemSnapshot) -> list[str]:
    """Return every interaction whose capabilities are not those of its state."""
    found = []
    for one in snapshot:
        if (shown := snapshot.shown(one)) is None:
            continue
        should = advertised(shown["direction"], shown["state"])
        offered = (tuple(shown["capabilities"]), tuple(shown["extendedCapabilities"]))
        left = tuple(one for one in should.extended if one in offered[1] or one not in ONCE)
        if offered != (should.capabilities, left):
            found.append(f"{one} is {shown['state']} and offers {offered}")
    return sorted(found)


def subjects(snapshot: SystemSnapshot) -> Counter[str]:
    """Return how many inbound mails there are of each subject."""
    several: list[Mapping[str, Any]] = [*snapshot.listed.values(), *snapshot.ended.values()]
    return Counter(
        str(one["email_object"]["Subject"])
        for one in several
        if one["interactionSubType"].startswith("Inbound")
    )


def _place(state: str) -> str:
    if state in ON_A_DESK:
        return "on a desk"
    if state == "InWorkbin":
        return "in a workbin"
    return "at an end" if state in DONE else "waiting"


def _found_at(snapshot: SystemSnapshot, one: str) -> str:
    if snapshot.holder(one) is not None:
        return "on a desk"
    if any(one in content for content in snapshot.bins.values()):
        return "in a workbin"
    return "at an end" if one in snapshot.ended or snapshot.state(one) in DONE else "waiting"
