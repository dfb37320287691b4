"""LinkAttachment: the permission to change the files of a draft.

No `operationName` asks for it: POST and DELETE below `/me/interactions/{id}/attachments` do.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import AgentCommand, LinkDocument, UnlinkDocument
from shared.domain.lifecycle import Direction, Operation

LINK_ATTACHMENT: Final = Permission(
    Operation.LINK_ATTACHMENT,
    # An arrived mail is kept without changes.
    replace(FOR_OWNER, never=frozenset({Direction.INBOUND})),
)

NAMES: Final[Mapping[type[AgentCommand], str]] = MappingProxyType(
    {LinkDocument: "LinkAttachment", UnlinkDocument: "DELETE"}
)
"""The name of each command in the messages of its refusal."""
