"""The rules of routing that an operator may change, with their defaults."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """How long agents may take, and what happens when they take longer.

    `invitation` is how long an offer stands. It is revoked `answer_grace` later, because an answer
    that was given in time may still be on its way. `exclusion` is how long an agent who did not
    accept an offer is passed over for that interaction. `misses` is how many missed offers in a
    row make an agent NotReady (0: never). `returns_to_sender` returns a rejected transfer to its
    sender at once. `revokes_when_not_ready` revokes the open offers of an agent who becomes
    NotReady. An agent who has been without CometD for `connection_loss` gets no more offers. The
    work of an agent who has been without it, or logged out, for `absence` is reclaimed, and so is
    work that nobody has changed for `idle`.
    """

    invitation: timedelta = timedelta(seconds=30)
    answer_grace: timedelta = timedelta(seconds=2)
    exclusion: timedelta = timedelta(seconds=60)
    misses: int = 2
    returns_to_sender: bool = False
    revokes_when_not_ready: bool = False
    connection_loss: timedelta = timedelta(seconds=60)
    absence: timedelta = timedelta(minutes=10)
    idle: timedelta = timedelta(minutes=180)
