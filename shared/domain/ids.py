"""Identifiers in the shape of the seeds: 16 characters, opaque to every reader."""

import hashlib
import hmac
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TIME_LENGTH: Final = 8
_RANDOM_LENGTH: Final = 8
_NUMBER_LENGTH: Final = 3
_SIGNATURE_LENGTH: Final = 2
_ID: Final = re.compile(f"[{_DIGITS}]{{{_TIME_LENGTH + _RANDOM_LENGTH}}}")
_CYCLE: Final = 36**_TIME_LENGTH
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(at: datetime | None = None) -> str:
    """Return a new id of 16 alphanumerics; ids sort by the millisecond of their creation.

    `at` is the moment of creation where the caller has a clock of its own.

    The shape is that of the interaction and document ids in seed 002 (`00009a8T8Y130123`): 8
    characters of time and 8 random ones (41 bits), so that processes need no common counter.
    """
    begin = id_of(at) if at else _base36(time.time_ns() // 1_000_000, _TIME_LENGTH)
    return begin + _base36(secrets.randbelow(36**_RANDOM_LENGTH), _RANDOM_LENGTH)


def id_of(moment: datetime) -> str:
    """Return a lower bound: ids made before `moment` sort below it, later ones above."""
    return _base36(_milliseconds(moment), _TIME_LENGTH)


def moment_of(an_id: str, now: datetime) -> datetime:
    """Return the millisecond of an id's creation: the one nearest to `now`.

    The time in ids begins again every 89 years, in 2059 for the first time.

    Raises:
        ValueError: It is no id.
    """
    if not _ID.fullmatch(an_id):
        raise ValueError("an id has 16 characters from 0 to 9 and A to Z")
    age = (_milliseconds(now) - int(an_id[:_TIME_LENGTH], 36)) % _CYCLE
    if age > _CYCLE // 2:
        age -= _CYCLE
    return _EPOCH + timedelta(milliseconds=_milliseconds(now) - age)


def signed_id(an_id: str, secret: bytes) -> str:
    """Return the id whose last two characters sign the 14 before them.

    One of 1,296 ids that are made up has a right signature. 31 random bits remain beside the
    millisecond, so two ids of one millisecond are the same once in two billion times.
    """
    signed = an_id[:-_SIGNATURE_LENGTH]
    digest = hmac.digest(secret, b"id\0" + signed.encode(), "sha256")
    return signed + _base36(int.from_bytes(digest) % 36**_SIGNATURE_LENGTH, _SIGNATURE_LENGTH)


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


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _base36(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, rest = divmod(number, 36)
        characters.append(_DIGITS[rest])
    return "".join(reversed(characters))
