"""`make desktop`: the agents' desktop, from services/desktop into what the gateway serves."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.local.folders import CHECKOUT, process_lock
from deploy.local.programs.node import find_node
from deploy.local.progress import NotPossibleError, report, require_no_arguments, waiting

SOURCES: Final = CHECKOUT / "services" / "desktop"
BUILT: Final = CHECKOUT / "services" / "gateway" / "desktop" / "built"
_INDEX: Final = BUILT / "index.html"
_PACKAGES: Final = SOURCES / "node_modules"
_INSTALLED: Final = _PACKAGES / ".package-lock.json"
_OLDEST_NODE: Final = (20, 19)
_LONGEST: Final = 900
"""Seconds of one command of npm, which waits for ever for some networks."""


def build_desktop() -> None:
    """Build the desktop, unless what was built is newer than its sources.

    Raises:
        NotPossibleError: Node is missing or too old, or the build fails; says what to do.
    """
    with process_lock("desktop"):
        if is_current():
            return
        install_packages()
        with waiting("building the desktop"):
            _npm("run", "build")


def install_packages() -> None:
    """Install the packages of the lock file, unless that has been done.

    Raises:
        NotPossibleError: Node is missing or too old, or the packages cannot be fetched.
    """
    find_node(_OLDEST_NODE)
    lock = SOURCES / "package-lock.json"
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= lock.stat().st_mtime:
        return
    with waiting("installing the packages of the desktop"):
        _npm("ci", "--no-audit", "--no-fund")


def is_current() -> bool:
    """Say whether the desktop was built after the last change of its sources."""
    if not _INDEX.exists():
        return False
    built_at = _INDEX.stat().st_mtime
    return all(file.stat().st_mtime <= built_at for file in _sources())


def try_to_build() -> str:
    """Build the desktop; return why that is not possible, or an empty text."""
    if not is_current() and shutil.which("npm") is None:
        return "Node and npm are missing"
    try:
        build_desktop()
    except NotPossibleError as reason:
        return str(reason)
    return ""


def _sources() -> Iterator[Path]:
    for entry in SOURCES.iterdir():
        if entry.is_file():
            yield entry
        elif entry.name in ("src", "build"):
            yield from (file for file in entry.rglob("*") if file.is_file())


def _npm(*arguments: str) -> None:
    npm = shutil.which("npm") or "/usr/bin/npm"
    words = f"npm {' '.join(arguments)}"
    try:
        done = subprocess.run(
            [npm, *arguments],
            cwd=SOURCES,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
    except subprocess.TimeoutExpired as late:
        raise NotPossibleError(
            f"{words} has not ended in {_LONGEST} s; see whether npm reaches its registry"
        ) from late
    if done.returncode != 0:
        raise NotPossibleError(f"{words} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Build, and say where the desktop is; return the exit code."""
    try:
        require_no_arguments(sys.argv[1:])
        build_desktop()
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    report("the gateway serves the desktop at /desktop/; one that runs needs no restart")
    return 0


if __name__ == "__main__":
    sys.exit(main())
