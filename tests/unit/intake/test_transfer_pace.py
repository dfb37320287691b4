"""How long a mail or a file may take to arrive."""

from datetime import timedelta

import pytest

from shared.intake.transfer_pace import SLOWEST, TransferPace

MB = 1_000_000
MINUTE = 60.0


def seconds_taken(size: int, per_second: int) -> float | None:
    """Send `size` bytes evenly, by the second; return the seconds, or None if they are too slow."""
    pace, now = TransferPace(timedelta(minutes=1), SLOWEST, 0.0), 0.0
    while pace.octets < size:
        if pace.seconds_left(now) < 1:
            return None
        now += 1
        pace.add(per_second)
    return now


@pytest.mark.parametrize(
    ("size", "per_second", "minutes"),
    [
        (300_000, 500, 10),  # a small mail on the slowest line
        (6 * MB, 10_000, 10),
        (50 * MB, 10_000, 84),  # the largest mail on 80 kbit/s
    ],
)
def test_honest_slow_transfer_is_finished(size: int, per_second: int, minutes: int) -> None:
    taken = seconds_taken(size, per_second)

    assert taken is not None
    assert taken <= minutes * MINUTE


@pytest.mark.parametrize("per_second", [500, 5_000, 9_000])
def test_large_slow_transfer_ends_after_ten_minutes(per_second: int) -> None:
    assert seconds_taken(50 * MB, per_second) is None


def test_dripping_transfer_ends_after_ten_minutes() -> None:
    pace = TransferPace(timedelta(minutes=1), SLOWEST, 0.0)
    pace.add(1 * MB)

    assert pace.seconds_left(9.5 * MINUTE) == 30
    assert pace.seconds_left(10 * MINUTE) <= 0


def test_fast_start_earns_time_for_the_rest() -> None:
    pace = TransferPace(timedelta(minutes=1), SLOWEST, 0.0)
    pace.add(12 * MB)

    assert pace.seconds_left(20 * MINUTE) == 60
    assert pace.seconds_left(21 * MINUTE) <= 0
