"""Where things are kept: everything under `.local/`, each folder used by one process at a time."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.progress import NotPossibleError

CHECKOUT = Path(__file__).resolve().parents[2]
LOCAL = CHECKOUT / ".local"


@contextmanager
def lasting_folder(name: str) -> Iterator[Path]:
    """Give `.local/NAME`, kept afterwards, to one process at a time.

    Raises:
        NotPossibleError: another process uses it now.
    """
    folder = LOCAL / name
    with _locked(folder) as mine:
        if not mine:
            raise NotPossibleError(f"{folder} is in use: is another one running?")
        yield folder


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Wait until no other process of this checkout has the turn of that name, and have it."""
    LOCAL.mkdir(parents=True, exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Give a new folder under `.local/passing/` and remove it afterwards.

    Also removes what processes left there that were killed before they could tidy up.
    """
    parent = LOCAL / "passing"
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        # Half made or half gone, a folder looks left behind.
        with turn("passing"):
            _tidy_up(parent)
            folder = Path(tempfile.mkdtemp(dir=parent))
            stack.enter_context(_locked(folder))
        try:
            yield folder
        finally:
            with turn("passing"):
                shutil.rmtree(folder, ignore_errors=True)


def _tidy_up(parent: Path) -> None:
    for left in parent.iterdir():
        with _locked(left) as mine:
            if mine:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Try to lock a folder, which the kernel undoes when we die, however we die."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
