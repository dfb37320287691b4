"""The ids of a request's command and new interaction; a repeated request gets the same ones."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4, uuid5

from shared.bayeux.transports.web import Scope
from shared.domain.ids import new_id

_KEY: Final = "mailroom.seed"


@dataclass(frozen=True, slots=True)
class CommandIds:
    """The id of the command of a request, and of the interaction that it may create."""

    message_id: UUID = field(default_factory=uuid4)
    new_id: str = field(default_factory=new_id)


def command_ids_of(scope: Scope) -> CommandIds:
    """Return the ids of a request, made at the first call unless they were restored."""
    command_ids: CommandIds | None = scope.get(_KEY)
    if command_ids is None:
        command_ids = scope[_KEY] = CommandIds()
    return command_ids


def restore_command_ids(scope: Scope, command_ids: CommandIds) -> None:
    """Give a repeated request the ids that it had the first time."""
    scope[_KEY] = command_ids


def numbered_message_id(message_id: UUID, number: int) -> UUID:
    """Return the id of the command with this number; the first (0) has the id itself."""
    return uuid5(message_id, str(number)) if number else message_id
