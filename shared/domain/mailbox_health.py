"""How well the mail of a folder is fetched: its state, from what was written down. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

ALARMING_FAULTS: Final = 3
"""Faults in a row after which somebody has to look."""

LONGEST_WITHOUT_LOOK: Final = timedelta(minutes=10)
"""A folder into which nobody has looked for longer is sick, whatever the reason."""

_MUCH_BEHIND: Final = 10


class Health(StrEnum):
    """The state of a folder or of a whole mailbox, from best to worst.

    `slow` needs no attention yet: the last look failed, or many mails wait to be fetched.
    """

    WELL = "well"
    SLOW = "slow"
    STOPPED = "stopped"
    SICK = "sick"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a folder in plain words, and what to do about it.

    `needs_person` is true where waiting does not help, as after a refused login: the folder is
    sick at the first such fault.
    """

    code: str
    words: str
    do: str
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """The facts from which the state of a folder follows.

    `last_good_at` is the last look that reached the folder, or when the folder was described.
    """

    last_good_at: datetime
    faults: int = 0
    fault: Fault | None = None
    behind: int = 0
    is_stopped: bool = False


def health_of(folder: FolderFacts, now: datetime) -> Health:
    """Return the state of one folder."""
    if folder.is_stopped:
        return Health.STOPPED
    if folder.fault and folder.faults and folder.fault.needs_person:
        return Health.SICK
    if folder.faults >= ALARMING_FAULTS or now - folder.last_good_at > LONGEST_WITHOUT_LOOK:
        return Health.SICK
    if folder.faults or folder.behind > _MUCH_BEHIND:
        return Health.SLOW
    return Health.WELL
