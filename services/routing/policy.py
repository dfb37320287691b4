"""How long agents may take, and what happens when they take longer."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules that an operator may change.

    `invitation` is how long an offer stands. It is taken back `answer_grace` later, because an
    answer that was given in time may still be on its way. `exclusion` is how long an agent who did
    not take it is passed over, `misses` how many missed in a row make an agent NotReady (0: never).
    `returns_to_sender` sends a transfer that is turned down straight back, `revokes_when_not_ready`
    takes open offers from an agent who becomes NotReady. After `connection_loss` without CometD an
    agent is offered nothing more; after `absence` without it, or logged out, the agent's work is
    taken away, as it is where nothing was done about it for as long as `idle`.
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
