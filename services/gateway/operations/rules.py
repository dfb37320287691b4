"""The terms of permissions: roles, ownership, and rules. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.lifecycle import Direction, Operation

AGENT: Final = "Agent"
ADMIN: Final = "Contact Center Admin"
AGENTS: Final = frozenset({AGENT})
AGENTS_AND_ADMINS: Final = frozenset({AGENT, ADMIN})


class Ownership(StrEnum):
    """The relation of an agent to an interaction.

    READER: it is in a workbin that the agent may open. RELATED: the agent holds another mail of its
    thread.
    """

    INVITED = "invited"
    OWNER = "owner"
    READER = "reader"
    RELATED = "related"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """The roles and ownerships that allow an act.

    Roles in `overseers` need no ownership. Nor do `roles` where the rule is `open_by_setting` and
    the setting shows everybody's mail. In the directions of `never` the act is always forbidden.
    Where the rule `hides_existence`, a refusal is answered as if the subject did not exist.
    """

    roles: frozenset[str]
    ownerships: frozenset[Ownership]
    hides_existence: bool = False
    overseers: frozenset[str] = frozenset()
    open_by_setting: bool = False
    never: frozenset[Direction] = frozenset()


FOR_OWNER: Final = Rule(AGENTS, frozenset({Ownership.OWNER}))
FOR_INVITED: Final = Rule(AGENTS, frozenset({Ownership.INVITED}))
FOR_READER: Final = Rule(AGENTS, frozenset({Ownership.READER}))


@dataclass(frozen=True, slots=True)
class Permission:
    """A step of the lifecycle, and the rule of who may take it.

    The states in which it is possible are those of `shared.domain.lifecycle.TRANSITIONS`.
    """

    operation: Operation
    rule: Rule
