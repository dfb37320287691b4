"""How long a folder is left alone after a fault. Pure."""

from datetime import timedelta
from random import Random
from typing import Final

_FIRST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(minutes=5)
_MOST_DOUBLINGS: Final = 6
REFUSED_LOGIN: Final = timedelta(minutes=15)
"""Servers lock accounts after some refused logins, and a person has to act in any case."""

SHORTEST_AFTER_REFUSAL: Final = timedelta(seconds=10)
"""The part of that pause which no look that an operator wants makes shorter."""


def pause_after(faults: int, random: Random, *, is_login: bool = False) -> timedelta:
    """Return the pause after `faults` faults in a row, with jitter so that folders spread out."""
    if is_login:
        return REFUSED_LOGIN * random.uniform(1.0, 1.1)
    doubled = _FIRST * (1 << min(max(faults - 1, 0), _MOST_DOUBLINGS))
    return min(doubled, _LONGEST) * random.uniform(0.8, 1.0)
