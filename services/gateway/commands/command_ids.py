"""The ids that a request gives its command and what it creates; a repeated one gets the same."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4, uuid5

from shared.bayeux.transports.web import Scope
from shared.domain.ids import new_id

_KEY: Final = "mailroom.seed"


@dataclass(frozen=True, slots=True)
class CommandIds:
    """The id of the command that follows from a request, and of what it creates."""

    message_id: UUID = field(default_factory=uuid4)
    new_id: str = field(default_factory=new_id)


def command_ids_of(scope: Scope) -> CommandIds:
    """Return the seed of a request: a new one, unless the request is a repetition."""
    command_ids: CommandIds = scope.setdefault(_KEY, CommandIds())
    return command_ids


def restore_command_ids(scope: Scope, command_ids: CommandIds) -> None:
    """Give a request the seed that it had the first time."""
    scope[_KEY] = command_ids


def numbered_message_id(message_id: UUID, number: int) -> UUID:
    """Return the id of one of the commands that follow from a request; the first has its own."""
    return uuid5(message_id, str(number)) if number else message_id
