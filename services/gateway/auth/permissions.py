"""The one table of permissions: roles, ownership and states for every operation. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.gateway.errors import Situation
from services.gateway.wire.users import ADMIN, AGENT
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import TRANSITIONS, Direction, Operation, State
from shared.storage.agents.agent_store import StoredAgent


class Read(StrEnum):
    """What can be read of an interaction."""

    OUTLINE = "outline"
    MINE = "mine"
    WHOLE = "whole"
    HISTORY = "history"
    ATTACHMENT = "attachment"
    FOLLOWED = "followed"
    """The thread, for as long as a mail is worked on that was begun after this one."""


class Ownership(StrEnum):
    """How an agent stands to an interaction.

    A reader may look into the workbin that it is in. Related is who holds another mail of its
    thread, and nothing more of this one.
    """

    INVITED = "invited"
    OWNER = "owner"
    READER = "reader"
    RELATED = "related"
    OTHER = "other"
    NONE = "none"


Act = Read | Operation


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may: agents of these roles who stand so to the interaction; else what they are told.

    Roles in `overseers` may however they stand to it, and so may all `roles` where a setting shows
    everybody's mail and the rule is `open_by_setting`. `never` are the directions in which it is
    forbidden for good, and not only in the present state.
    """

    roles: frozenset[str]
    ownerships: frozenset[Ownership]
    refusal: Situation = Situation.NOT_PERMITTED
    overseers: frozenset[str] = frozenset()
    open_by_setting: bool = False
    never: frozenset[Direction] = frozenset()


AGENTS: Final = frozenset({AGENT})
AGENTS_AND_ADMINS: Final = frozenset({AGENT, ADMIN})
_ANY: Final = frozenset(Ownership)
_HOLDER: Final = frozenset({Ownership.INVITED, Ownership.OWNER})
_READER: Final = _HOLDER | {Ownership.READER}
_ADMINS: Final = frozenset({ADMIN})
_WORK: Final = Rule(AGENTS, frozenset({Ownership.OWNER}))
_OFFER: Final = Rule(AGENTS, frozenset({Ownership.INVITED}))

RULES: Final[Mapping[Act, Rule]] = MappingProxyType(
    {
        Read.OUTLINE: Rule(AGENTS_AND_ADMINS, _ANY),
        Read.MINE: Rule(AGENTS, _HOLDER),
        Read.WHOLE: Rule(AGENTS_AND_ADMINS, _READER, overseers=_ADMINS, open_by_setting=True),
        # Who answers a mail has to know what was written before.
        Read.HISTORY: Rule(
            AGENTS_AND_ADMINS,
            _READER | {Ownership.RELATED},
            overseers=_ADMINS,
            open_by_setting=True,
        ),
        # Of what somebody may not read, not even the existence of a document is told.
        Read.ATTACHMENT: Rule(AGENTS, _READER, Situation.NOT_FOUND),
        # Whoever is only offered a mail could begin another, refuse the offer, and read on.
        Read.FOLLOWED: Rule(AGENTS, frozenset({Ownership.OWNER})),
        Operation.ACCEPT: _OFFER,
        Operation.REJECT: _OFFER,
        Operation.TRANSFER: _WORK,
        Operation.REPLY: _WORK,
        Operation.REPLY_ALL: _WORK,
        Operation.COMPLETE: _WORK,
        Operation.PLACE_IN_QUEUE: _WORK,
        Operation.PLACE_IN_WORKBIN: _WORK,
        Operation.UPDATE_PROPERTIES: _WORK,
        Operation.FORWARD: _WORK,
        Operation.REDIRECT: _WORK,
        Operation.ADD_COMMENT: _WORK,
        Operation.SET_DISPOSITION: _WORK,
        Operation.CANCEL: _WORK,
        Operation.SAVE: _WORK,
        Operation.SEND: _WORK,
        # What arrived stays as it arrived.
        Operation.LINK_ATTACHMENT: replace(_WORK, never=frozenset({Direction.INBOUND})),
        Operation.PULL: Rule(AGENTS, frozenset({Ownership.READER})),
    }
)
"""What is not in the table nobody may ask for."""


def ownership_of(interaction: Interaction, agent: StoredAgent) -> Ownership:
    """Return how an agent stands to an interaction, as far as it says so itself."""
    if interaction.holder_id is None:
        place = interaction.place
        may_read = place is not None and place.is_open_to(agent.id, agent.queues)
        return Ownership.READER if may_read else Ownership.NONE
    if interaction.holder_id != agent.id:
        return Ownership.OTHER
    return Ownership.INVITED if interaction.invitation else Ownership.OWNER


def refusal(
    act: Act,
    roles: Collection[str],
    ownership: Ownership,
    direction: Direction,
    state: State,
    *,
    shows_all: bool = False,
) -> Situation | None:
    """Return why an act is refused; None where it is allowed.

    A role that may never do it comes first, then a state in which nobody could, then whose it is.
    """
    rule = RULES.get(act)
    if rule is None:
        return Situation.OPERATION_FORBIDDEN
    if rule.roles.isdisjoint(roles):
        return Situation.NOT_PERMITTED
    if direction in rule.never:
        return Situation.OPERATION_FORBIDDEN
    if isinstance(act, Operation) and not is_possible(act, direction, state):
        return Situation.WRONG_STATE
    is_open = (shows_all and rule.open_by_setting) or not rule.overseers.isdisjoint(roles)
    return None if is_open or ownership in rule.ownerships else rule.refusal


def refusal_of(
    act: Act, agent: StoredAgent, interaction: Interaction, *, shows_all: bool = False
) -> Situation | None:
    """Return why an agent may not do something to a snapshot; None where it is allowed."""
    return refusal(
        act,
        agent.roles,
        ownership_of(interaction, agent),
        interaction.direction,
        interaction.state,
        shows_all=shows_all,
    )


def is_possible(operation: Operation, direction: Direction, state: State) -> bool:
    """Say whether any agent could ask for an operation in a state."""
    step = TRANSITIONS.get((direction, state, operation))
    return step is not None and step.by_agent
