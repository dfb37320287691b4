"""When a deferred mail is tried again."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from services.outbound.retry_schedule import next_attempt

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311 - spreads load, guards nothing


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 120), (20, 120)]
)
def test_the_delay_grows_and_varies_by_a_fifth(attempt: int, minutes: int) -> None:
    random = seeded(7)

    found = {next_attempt(attempt, queued_at=NOON, now=NOON, random=random) for _ in range(200)}

    delays = [at - NOON for at in found if at]
    assert min(delays) >= timedelta(minutes=minutes * 0.8)
    assert max(delays) <= timedelta(minutes=minutes * 1.2)
    assert max(delays) - min(delays) > timedelta(minutes=minutes * 0.3)


def test_the_same_seed_gives_the_same_time() -> None:
    first, second = (next_attempt(3, queued_at=NOON, now=NOON, random=seeded(1)) for _ in range(2))

    assert first == second


def test_no_attempt_is_made_after_two_days() -> None:
    late = NOON + timedelta(hours=47)

    assert next_attempt(25, queued_at=NOON, now=late, random=seeded(1)) is None


def test_all_attempts_fit_into_two_days() -> None:
    random, now, attempts = seeded(3), NOON, 1

    while at := next_attempt(attempts, queued_at=NOON, now=now, random=random):
        now, attempts = at, attempts + 1

    assert 24 <= attempts <= 36
    assert timedelta(hours=44) < now - NOON <= timedelta(hours=48)
