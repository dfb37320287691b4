"""The permissions of agents: roles, ownership and states for every act. Pure.

The rules of reading are here, the rules of operations in their definitions.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.gateway.errors import Situation
from services.gateway.operations.rules import (
    ADMIN,
    AGENTS,
    AGENTS_AND_ADMINS,
    FOR_OWNER,
    Ownership,
    Permission,
    Rule,
)
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import TRANSITIONS, Direction, Operation, State
from shared.storage.agents.agent_store import StoredAgent


class ReadScope(StrEnum):
    """The parts of an interaction that an agent may read."""

    OUTLINE = "outline"
    MINE = "mine"
    WHOLE = "whole"
    HISTORY = "history"
    ATTACHMENT = "attachment"
    FOLLOWED = "followed"
    """Needed to begin a mail with this one as its parent: the new mail opens its thread."""


Act = ReadScope | Permission

_ANY: Final = frozenset(Ownership)
_HOLDER: Final = frozenset({Ownership.INVITED, Ownership.OWNER})
_READER: Final = _HOLDER | {Ownership.READER}
_ADMINS: Final = frozenset({ADMIN})

_READ_RULES: Final[Mapping[ReadScope, Rule]] = MappingProxyType(
    {
        ReadScope.OUTLINE: Rule(AGENTS_AND_ADMINS, _ANY),
        ReadScope.MINE: Rule(AGENTS, _HOLDER),
        ReadScope.WHOLE: Rule(AGENTS_AND_ADMINS, _READER, overseers=_ADMINS, open_by_setting=True),
        # An agent who answers a mail has to read what was written before.
        ReadScope.HISTORY: Rule(
            AGENTS_AND_ADMINS,
            _READER | {Ownership.RELATED},
            overseers=_ADMINS,
            open_by_setting=True,
        ),
        # Not found: an agent who may not read a mail does not learn which documents exist.
        ReadScope.ATTACHMENT: Rule(AGENTS, _READER, hides_existence=True),
        # Owners only: an invited agent could begin a mail, reject the offer, and read on.
        ReadScope.FOLLOWED: FOR_OWNER,
    }
)
"""The rule of each scope; a permission brings its own."""


def ownership_of(interaction: Interaction, agent: StoredAgent) -> Ownership:
    """Return how an agent is related to an interaction, by its own fields alone.

    RELATED is never returned: it depends on other mails of the thread.
    """
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

    Roles are checked first, then direction and state, then ownership.
    """
    rule = act.rule if isinstance(act, Permission) else _READ_RULES[act]
    if rule.roles.isdisjoint(roles):
        return Situation.NOT_PERMITTED
    if direction in rule.never:
        return Situation.OPERATION_FORBIDDEN
    if isinstance(act, Permission) and not is_possible(act.operation, direction, state):
        return Situation.WRONG_STATE
    is_open = (shows_all and rule.open_by_setting) or not rule.overseers.isdisjoint(roles)
    if is_open or ownership in rule.ownerships:
        return None
    return Situation.NOT_FOUND if rule.hides_existence else Situation.NOT_PERMITTED


def refusal_of(
    act: Act, agent: StoredAgent, interaction: Interaction, *, shows_all: bool = False
) -> Situation | None:
    """Return why an act of an agent on a snapshot is refused; None where it is allowed."""
    return refusal(
        act,
        agent.roles,
        ownership_of(interaction, agent),
        interaction.direction,
        interaction.state,
        shows_all=shows_all,
    )


def is_possible(operation: Operation, direction: Direction, state: State) -> bool:
    """Say whether agents can ask for an operation in a state, by the table of the lifecycle."""
    step = TRANSITIONS.get((direction, state, operation))
    return step is not None and step.by_agent
