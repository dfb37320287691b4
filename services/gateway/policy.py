"""Who may do what to whose interaction in which state: one table, asked by every resource. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.gateway.errors import Situation
from services.gateway.wire.users import ADMIN, AGENT
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import TRANSITIONS, Direction, Operation, State


class Read(StrEnum):
    """What can be read of an interaction."""

    OUTLINE = "outline"
    MINE = "mine"
    WHOLE = "whole"
    ATTACHMENT = "attachment"


class Ownership(StrEnum):
    """How an agent stands to an interaction."""

    INVITED = "invited"
    OWNER = "owner"
    OTHER = "other"
    NONE = "none"


Act = Read | Operation


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may: agents of these roles who stand so to the interaction; else what they are told.

    Roles in `overseers` may however they stand to it.
    """

    roles: frozenset[str]
    ownerships: frozenset[Ownership]
    refusal: Situation = Situation.NOT_PERMITTED
    overseers: frozenset[str] = frozenset()


AGENTS: Final = frozenset({AGENT})
AGENTS_AND_ADMINS: Final = frozenset({AGENT, ADMIN})
_ANY: Final = frozenset(Ownership)
_HOLDER: Final = frozenset({Ownership.INVITED, Ownership.OWNER})
_WORK: Final = Rule(AGENTS, frozenset({Ownership.OWNER}))
_OFFER: Final = Rule(AGENTS, frozenset({Ownership.INVITED}))

RULES: Final[Mapping[Act, Rule]] = MappingProxyType(
    {
        Read.OUTLINE: Rule(AGENTS_AND_ADMINS, _ANY),
        Read.MINE: Rule(AGENTS, _HOLDER),
        Read.WHOLE: Rule(AGENTS_AND_ADMINS, _HOLDER, overseers=frozenset({ADMIN})),
        # Of what somebody does not hold, not even the existence of a document is told.
        Read.ATTACHMENT: Rule(AGENTS, _HOLDER, Situation.NOT_FOUND),
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
        Operation.LINK_ATTACHMENT: _WORK,
        # Who may look into a workbin is that workbin's own rule.
        Operation.PULL: Rule(AGENTS, _ANY),
    }
)
"""What is not in the table nobody may ask for."""


def ownership_of(interaction: Interaction, agent_id: str) -> Ownership:
    """Return how an agent stands to an interaction."""
    if interaction.holder_id is None:
        return Ownership.NONE
    if interaction.holder_id != agent_id:
        return Ownership.OTHER
    return Ownership.INVITED if interaction.invitation else Ownership.OWNER


def refusal(
    act: Act,
    roles: Collection[str],
    ownership: Ownership,
    direction: Direction,
    state: State,
) -> Situation | None:
    """Return why an act is refused; None where it is allowed.

    A role that may never do it comes first, then a state in which nobody could, then whose it is.
    """
    rule = RULES.get(act)
    if rule is None:
        return Situation.OPERATION_FORBIDDEN
    if rule.roles.isdisjoint(roles):
        return Situation.NOT_PERMITTED
    if isinstance(act, Operation) and not is_possible(act, direction, state):
        return Situation.WRONG_STATE
    if ownership in rule.ownerships or not rule.overseers.isdisjoint(roles):
        return None
    return rule.refusal


def refusal_of(
    act: Act, roles: Collection[str], agent_id: str, interaction: Interaction
) -> Situation | None:
    """Return why an agent may not do something to a snapshot; None where it is allowed."""
    return refusal(
        act,
        roles,
        ownership_of(interaction, agent_id),
        interaction.direction,
        interaction.state,
    )


def is_possible(operation: Operation, direction: Direction, state: State) -> bool:
    """Say whether any agent could ask for an operation in a state."""
    step = TRANSITIONS.get((direction, state, operation))
    return step is not None and step.by_agent
