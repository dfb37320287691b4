"""Identifiers in the shape of the seeds: 16 characters, opaque to every reader."""

import hashlib
import secrets
import time
from datetime import datetime
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TIME_LENGTH: Final = 8
_RANDOM_LENGTH: Final = 8
_NUMBER_LENGTH: Final = 3


def new_id() -> str:
    """Return a new id of 16 alphanumerics that sorts by the millisecond it was made in.

    The shape is that of the interaction and document ids in seed 002 (`00009a8T8Y130123`): 8
    characters of time, 8 of chance (41 bits), so that no counter has to be shared by processes.
    """
    return _base36(time.time_ns() // 1_000_000, _TIME_LENGTH) + _base36(
        secrets.randbelow(36**_RANDOM_LENGTH), _RANDOM_LENGTH
    )


def id_of(moment: datetime) -> str:
    """Return what sorts before each id made from that moment on, and after those made before."""
    return _base36(int(moment.timestamp() * 1000), _TIME_LENGTH)


def numbered_id(batch: str, number: int) -> str:
    """Return the id of one of several things that are made at once; they sort in their order.

    `batch` is a new id that is used for nothing else. There may be 46,656 of them.
    """
    return batch[:-_NUMBER_LENGTH] + _base36(number, _NUMBER_LENGTH)


def derived_id(*names: str) -> str:
    """Return the one id that follows from some names: whoever asks again gets it again."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    length = _TIME_LENGTH + _RANDOM_LENGTH
    return _base36(int.from_bytes(digest) % 36**length, length)


def _base36(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, rest = divmod(number, 36)
        characters.append(_DIGITS[rest])
    return "".join(reversed(characters))
