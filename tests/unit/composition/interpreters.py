"""The Pythons on this machine: those on PATH, and those that a version manager keeps behind it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MINORS = (11, 12, 13, 14)
_TELL = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


def found() -> dict[str, str]:
    """Return a program for each version that runs, from 3.11 on."""
    programs: dict[str, str] = {}
    for program in dict.fromkeys([sys.executable, *_candidates()]):
        version = _version(program)
        if version and int(version.split(".")[1]) >= MINORS[0]:
            programs.setdefault(version, program)
    return programs


def _candidates() -> Iterator[str]:
    names = ["python3", *(f"python3.{minor}" for minor in MINORS)]
    for folder in map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep))):
        kept = [folder]
        if folder.name == "shims":
            # A shim runs one version only; the others are beside it.
            kept += sorted(folder.parent.glob("versions/*/bin"))
        for place in kept:
            yield from (str(place / name) for name in names if (place / name).is_file())


def _version(program: str) -> str:
    """Return the version of a program; nothing where it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - a Python found on PATH
            [program, "-I", "-c", _TELL], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    told = answer.stdout.strip()
    return told if answer.returncode == 0 and told.startswith("3.") else ""
