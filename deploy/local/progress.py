"""Progress for a person at a terminal, while something takes its time."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class NotPossibleError(Exception):
    """Something the user has to do first; the message says what, in words to act on."""


def report(words: str) -> None:
    """Print one line at once, whatever stands between us and the terminal."""
    print(f"mailroom  {words}", flush=True)


def require_no_arguments(arguments: Sequence[str]) -> None:
    """Check that a command which takes no arguments was given none.

    Raises:
        NotPossibleError: It was; says where settings are made instead.
    """
    if arguments:
        raise NotPossibleError(
            f"unknown: {' '.join(arguments)}. This takes no arguments: free ports are chosen, and"
            " settings of services come from the environment (`.venv/bin/mailroom settings`)"
        )


@contextmanager
def waiting(words: str, every: float = 5.0) -> Iterator[None]:
    """Say what is awaited, again every few seconds, and how long it took in the end."""
    report(f"{words} …")
    began = time.monotonic()
    over = threading.Event()
    ticker = threading.Thread(target=_tick, args=(words, began, every, over), daemon=True)
    ticker.start()
    try:
        yield
        report(f"{words}: done in {time.monotonic() - began:.1f} s")
    finally:
        over.set()
        ticker.join()


def _tick(words: str, began: float, every: float, over: threading.Event) -> None:
    while not over.wait(every):
        report(f"{words} … {time.monotonic() - began:.0f} s")
