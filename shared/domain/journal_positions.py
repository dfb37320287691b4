"""Positions in an agent's journal: numbering, and from which one a client may continue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.domain.errors import PositionGoneError

NEW_ONLY: Final = -1
ALL_THAT_IS_KEPT: Final = -2

_GENERATION: Final = 2**23
_FIRST_SECOND: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""A generation of positions is numbered by the second in which it began, counted from here.
Clients keep positions in 53 bits (JavaScript numbers), which is enough until 2060."""


@dataclass(frozen=True, slots=True)
class Span:
    """The positions that a journal keeps. If it keeps none, `oldest` is `newest + 1`."""

    oldest: int
    newest: int

    def start(self, asked: int) -> int:
        """Return the position after which to read, for a client that asked for `asked`.

        `asked` is a position, `NEW_ONLY` or `ALL_THAT_IS_KEPT`.

        Raises:
            PositionGoneError: An entry after it is no longer kept, or it was never given.
        """
        if asked == NEW_ONLY:
            return self.newest
        if asked == ALL_THAT_IS_KEPT:
            return self.oldest - 1
        if asked < self.oldest - 1:
            raise PositionGoneError(
                f"position {asked} is too old: what is kept begins after {self.oldest - 1}"
            )
        if asked > self.newest:
            raise PositionGoneError(f"position {asked} is unknown: the newest is {self.newest}")
        return asked


def floor_after(floor: int, now: datetime) -> int:
    """Return the floor of the generation of positions that follows the one above `floor`.

    Positions above the new floor were never given before, not even after the backup was taken.
    """
    seconds = (now - _FIRST_SECOND) // timedelta(seconds=1)
    return max(floor // _GENERATION + 1, seconds) * _GENERATION


def next_positions(agents: Iterable[str], newest: Mapping[str, int]) -> list[int]:
    """Return a position for each event; `agents` holds the agent of each, in order."""
    reached = dict(newest)
    positions = []
    for agent_id in agents:
        reached[agent_id] = reached.get(agent_id, 0) + 1
        positions.append(reached[agent_id])
    return positions


def require_no_gap(after: int, positions: Iterable[int]) -> None:
    """Check that these positions follow `after` and each other without a gap.

    Raises:
        PositionGoneError: Some are missing. No position is skipped, so they were deleted.
    """
    for expected, position in enumerate(positions, after + 1):
        if position != expected:
            raise PositionGoneError(f"position {expected} is no longer kept")
