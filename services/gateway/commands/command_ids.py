"""What a request is made of that has to be the same when it comes again."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4, uuid5

from shared.bayeux.transports.web import Scope
from shared.domain.ids import new_id

_KEY: Final = "mailroom.seed"


@dataclass(frozen=True, slots=True)
class Seed:
    """The id of the command that follows from a request, and of what it creates."""

    message_id: UUID = field(default_factory=uuid4)
    new_id: str = field(default_factory=new_id)


def seed_of(scope: Scope) -> Seed:
    """Return the seed of a request: a new one, unless the request is a repetition."""
    seed: Seed = scope.setdefault(_KEY, Seed())
    return seed


def sow(scope: Scope, seed: Seed) -> None:
    """Give a request the seed that it had the first time."""
    scope[_KEY] = seed


def numbered(message_id: UUID, number: int) -> UUID:
    """Return the id of one of the commands that follow from a request; the first has its own."""
    return uuid5(message_id, str(number)) if number else message_id
