"""Named lines at which a test can let a process die. Without the test's flag they do nothing."""

import os
import signal
from collections import Counter
from typing import Final

_ENABLED: Final = os.environ.get("MAILROOM_FAULTS") == "1"
_NAME, _, _COUNT = os.environ.get("CRASH_AT", "").partition(":")
_passed: Final = Counter[str]()


def crash_point(name: str) -> None:
    """Die here by SIGKILL where `CRASH_AT` is `name`, or `name:N` for the N-th time."""
    if not _ENABLED or name != _NAME:
        return
    _passed[name] += 1
    if _passed[name] == int(_COUNT or 1):
        os.kill(os.getpid(), signal.SIGKILL)
