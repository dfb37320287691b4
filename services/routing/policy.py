"""The rules of routing that an operator may change, with their defaults."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that an operator may change; `RoutingSettings` describes each."""

    invitation: timedelta = timedelta(seconds=30)
    answer_grace: timedelta = timedelta(seconds=2)
    exclusion: timedelta = timedelta(seconds=60)
    misses: int = 2
    returns_to_sender: bool = False
    revokes_when_not_ready: bool = False
    connection_loss: timedelta = timedelta(seconds=60)
    absence: timedelta = timedelta(minutes=10)
    idle: timedelta = timedelta(minutes=180)

    def invitation_of(self, own: timedelta | None) -> timedelta:
        """Return how long an offer stands to an agent with an own time; None for no own time."""
        return self.invitation if own is None else own
