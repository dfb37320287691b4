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
    """Return a new id of 16 alphanumerics; ids sort by the millisecond of their creation.

    The shape is that of the interaction and document ids in seed 002 (`00009a8T8Y130123`): 8
    characters of time and 8 random ones (41 bits), so that processes need no common counter.
    """
    return _base36(time.time_ns() // 1_000_000, _TIME_LENGTH) + _base36(
        secrets.randbelow(36**_RANDOM_LENGTH), _RANDOM_LENGTH
    )


def id_of(moment: datetime) -> str:
    """Return a lower bound: ids made before `moment` sort below it, later ones above."""
    return _base36(int(moment.timestamp() * 1000), _TIME_LENGTH)


def numbered_id(batch: str, number: int) -> str:
    """Return the id of item `number` of a batch; ids of a batch sort by number.

    `batch` is a new id that is used for nothing else. `number` is below 46,656 (36³).
    """
    return batch[:-_NUMBER_LENGTH] + _base36(number, _NUMBER_LENGTH)


def derived_id(*names: str) -> str:
    """Return an id derived from names: the same names always give the same id."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    length = _TIME_LENGTH + _RANDOM_LENGTH
    return _base36(int.from_bytes(digest) % 36**length, length)


def _base36(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, rest = divmod(number, 36)
        characters.append(_DIGITS[rest])
    return "".join(reversed(characters))
