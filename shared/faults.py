"""Named lines at which a fault test kills the process, as a power cut would."""

import os
import signal
from collections import Counter
from typing import Final

_passed: Final[Counter[str]] = Counter()


def crash_point(name: str) -> None:
    """Kill the process with SIGKILL if the environment asks for it.

    `CRASH_AT` is the name of a crash point, or `name:3` for its third pass. It has an effect only
    with `MAILROOM_FAULTS=1`, which no deployment sets.
    """
    if os.environ.get("MAILROOM_FAULTS") != "1":
        return
    _passed[name] += 1
    wanted, _, time = os.environ.get("CRASH_AT", "").partition(":")
    if wanted == name and _passed[name] == int(time or 1):
        os.kill(os.getpid(), signal.SIGKILL)
