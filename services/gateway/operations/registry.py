"""Every operation by its names, and the tables that follow from the definitions."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.errors import RequestError, Situation, missing, refused
from services.gateway.http.json_body import Body
from services.gateway.operations.assignment.accept import ACCEPT
from services.gateway.operations.assignment.complete import COMPLETE
from services.gateway.operations.assignment.extend_invitation import EXTEND_INVITATION
from services.gateway.operations.assignment.get_workbin_content import GET_WORKBIN_CONTENT
from services.gateway.operations.assignment.place_in_queue import PLACE_IN_QUEUE
from services.gateway.operations.assignment.place_in_workbin import PLACE_IN_WORKBIN
from services.gateway.operations.assignment.pull_interaction import PULL_INTERACTION
from services.gateway.operations.assignment.reject import REJECT
from services.gateway.operations.assignment.transfer import TRANSFER
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.drafts import link_attachment
from services.gateway.operations.drafts.cancel import CANCEL
from services.gateway.operations.drafts.create import CREATE
from services.gateway.operations.drafts.forward import FORWARD
from services.gateway.operations.drafts.redirect import REDIRECT
from services.gateway.operations.drafts.reply import REPLY, REPLY_ALL
from services.gateway.operations.drafts.save import SAVE, UPDATE
from services.gateway.operations.drafts.send import SEND
from services.gateway.operations.properties.add_comment import ADD_COMMENT
from services.gateway.operations.properties.set_disposition import SET_DISPOSITION
from services.gateway.operations.properties.user_data import (
    ATTACH_USER_DATA,
    DELETE_USER_DATA,
    UPDATE_USER_DATA,
)
from services.gateway.operations.rules import Permission
from shared.contracts.commands import AgentCommand, CreateDraft, DisownReport
from shared.domain.lifecycle import AGENT_OPERATIONS, Operation

ON_INTERACTIONS: Final = (
    ACCEPT,
    REJECT,
    EXTEND_INVITATION,
    REPLY,
    REPLY_ALL,
    SEND,
    CANCEL,
    COMPLETE,
    PLACE_IN_QUEUE,
    TRANSFER,
    PLACE_IN_WORKBIN,
    PULL_INTERACTION,
    UPDATE_USER_DATA,
    ATTACH_USER_DATA,
    DELETE_USER_DATA,
    FORWARD,
    REDIRECT,
    SAVE,
    ADD_COMMENT,
    SET_DISPOSITION,
)
"""The operations on one interaction, in the order of the API's description."""

WITHOUT_INTERACTION: Final = (CREATE, GET_WORKBIN_CONTENT)
"""Operations that concern no interaction."""

DESCRIBED: Final = (*ON_INTERACTIONS, *WITHOUT_INTERACTION)
"""Every operation, in the order of the API's description."""

NOT_ON_INTERACTIONS: Final = frozenset({CREATE.name, "SetInFocus"})
"""Known names that no interaction performs: Create is for the collection, SetInFocus nowhere."""


def by_name(definitions: Iterable[OperationDefinition]) -> dict[str, OperationDefinition]:
    """Return each operation by its name and its aliases.

    Raises:
        ImportError: Two operations have the same name.
    """
    found: dict[str, OperationDefinition] = {}
    for definition in definitions:
        for name in definition.names:
            if name in found:
                raise ImportError(f"{name} is a name of two operations: rename one of them")
            found[name] = definition
    return found


def by_operation(permissions: Iterable[Permission]) -> dict[Operation, Permission]:
    """Return the permission of every operation that agents may ask for, in the lifecycle's order.

    Raises:
        ImportError: An operation has none or two, or no agent may ask for it in any state.
    """
    found: dict[Operation, Permission] = {}
    for one in permissions:
        if found.setdefault(one.operation, one) != one:
            raise ImportError(f"{one.operation} has two permissions: let its definitions share one")
    if missing_ones := AGENT_OPERATIONS - found.keys():
        names = ", ".join(sorted(missing_ones))
        raise ImportError(
            f"{names}: define it in services/gateway/operations, list it in ON_INTERACTIONS"
        )
    if unknown := found.keys() - AGENT_OPERATIONS:
        names = ", ".join(sorted(unknown))
        raise ImportError(f"{names}: add the steps that agents may ask for to TRANSITIONS")
    return {operation: found[operation] for operation in Operation if operation in found}


PERMISSIONS: Final[Mapping[Operation, Permission]] = MappingProxyType(
    by_operation(
        [*(one.permission for one in (*ON_INTERACTIONS, UPDATE)), link_attachment.LINK_ATTACHMENT]
    )
)

NOT_A_REPORT: Final = "NotAReport"
"""The operation of administrators on a mail that was taken for a report."""
RELEASE: Final = "Release"
"""The operation of administrators on a mail that a screening rule discarded or a flood folded."""

# Of several operations with one command the first lends its name.
_OPERATION_OF_COMMAND: Final[Mapping[type[AgentCommand], str]] = MappingProxyType(
    {one.command: one.name for one in reversed(ON_INTERACTIONS)}
    | {CreateDraft: CREATE.name, DisownReport: NOT_A_REPORT}
    | dict(link_attachment.NAMES)
)

NAMES_OF_COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {command.model_fields["type"].default: name for command, name in _OPERATION_OF_COMMAND.items()}
)
"""The name of the operation that gives a command, by the command's `type`."""

_BY_NAME: Final[Mapping[str, OperationDefinition]] = MappingProxyType(by_name(ON_INTERACTIONS))


def operation_name(body: Body) -> str:
    """Return the name of the operation that a body asks for.

    Raises:
        RequestError: It names none.
    """
    name = body.get("operationName")
    if name is None or name == "":
        raise missing("operationName")
    if not isinstance(name, str):
        raise refused("operationName has to be a text")
    return name


def find_operation(name: str) -> OperationDefinition:
    """Return the operation of a name or alias.

    Raises:
        RequestError: There is none of that name, or it is not for interactions.
    """
    definition = _BY_NAME.get(name)
    if definition is not None:
        return definition
    if name in NOT_ON_INTERACTIONS:
        raise RequestError(Situation.OPERATION_FORBIDDEN, f"{name} is not offered here")
    raise RequestError(Situation.OPERATION_UNKNOWN, f"there is no operation {name[:64]!r}")
