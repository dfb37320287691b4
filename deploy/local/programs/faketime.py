"""A clock that is wrong for one process, for the tests of pods whose machines differ."""

import subprocess
from pathlib import Path

from deploy.local.programs.packages import install


def wrong_clock(seconds: int) -> dict[str, str]:
    """Return the environment of a process whose time of day is ahead, or behind where negative.

    Its monotonic clock stays right.

    Raises:
        NotPossibleError: The library is missing and cannot be installed from here.
    """
    return {
        "LD_PRELOAD": str(_library()),
        "FAKETIME": f"{seconds:+}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _library() -> Path:
    if (found := _installed()) is not None:
        return found
    install(["libfaketime"])
    if (found := _installed()) is None:
        raise FileNotFoundError("libfaketime is installed, but its library is not where it was")
    return found


def _installed() -> Path | None:
    done = subprocess.run(
        ["/usr/bin/dpkg-query", "--listfiles", "libfaketime"],
        capture_output=True,
        text=True,
        check=False,
    )
    paths = (Path(line) for line in done.stdout.splitlines())
    return next((path for path in paths if path.name == "libfaketime.so.1"), None)
