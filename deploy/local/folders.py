"""The folders under `.local/`, each used by one process at a time."""

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
def kept_folder(name: str) -> Iterator[Path]:
    """Give `.local/NAME`, which is kept afterwards, to one process at a time.

    Raises:
        NotPossibleError: Another process uses it now.
    """
    folder = LOCAL / name
    with _locked(folder) as is_ours:
        if not is_ours:
            raise NotPossibleError(
                f"{folder} is in use by another process of this checkout: stop that one first"
                " (Ctrl-C), or use it"
            )
        yield folder


@contextmanager
def process_lock(name: str) -> Iterator[None]:
    """Hold the lock of that name, which one process of this checkout has at a time."""
    LOCAL.mkdir(parents=True, exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a new folder under `.local/passing/` and remove it afterwards.

    Also removes the folders of processes that were killed before they could remove them.
    """
    parent = LOCAL / "passing"
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        # A folder that exists and is not locked yet would be removed as left behind.
        with process_lock("passing"):
            _remove_abandoned(parent)
            folder = Path(tempfile.mkdtemp(dir=parent))
            stack.enter_context(_locked(folder))
        try:
            yield folder
        finally:
            with process_lock("passing"):
                shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for left in parent.iterdir():
        with _locked(left) as is_ours:
            if is_ours:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Try to lock a folder. The kernel unlocks it when this process dies, however it dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
