"""The ids of a request's command and new interaction; a repeated request gets the same ones."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4, uuid5

from shared.bayeux.transports.web import Scope
from shared.domain.ids import new_id

_KEY: Final = "mailroom.seed"
_CREATING: Final = UUID("5f3c7c0e-6f0b-4b52-9a52-0d7a2f4be1d9")


@dataclass(frozen=True, slots=True)
class CommandIds:
    """The id of the command of a request, and of the interaction that it may create."""

    message_id: UUID = field(default_factory=uuid4)
    new_id: str = field(default_factory=new_id)


def command_ids_of(scope: Scope, now: datetime | None = None) -> CommandIds:
    """Return the ids of a request, made at the first call unless they were set.

    `now` is the moment in the id of the new interaction, None where that id is not promised.
    """
    command_ids: CommandIds | None = scope.get(_KEY)
    if command_ids is None:
        command_ids = scope[_KEY] = CommandIds(new_id=new_id(now))
    return command_ids


def set_command_ids(scope: Scope, command_ids: CommandIds) -> None:
    """Give a request its ids: those of its first try, or with the id that is promised."""
    scope[_KEY] = command_ids


def creating_message_id(interaction_id: str) -> UUID:
    """Return the id of the command that creates an interaction whose id was promised.

    It follows from that id, so that whoever has only the id finds whether its command was refused.
    """
    return uuid5(_CREATING, interaction_id)


def numbered_message_id(message_id: UUID, number: int) -> UUID:
    """Return the id of the command with this number; the first (0) has the id itself."""
    return uuid5(message_id, str(number)) if number else message_id
