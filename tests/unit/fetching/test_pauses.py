"""Pauses after faults grow, have an end, and differ."""

from datetime import timedelta
from random import SystemRandom

import pytest

from services.fetching.folders.pauses import REFUSED_LOGIN, pause_after


@pytest.mark.parametrize(("faults", "longest"), [(1, 5), (2, 10), (4, 40), (7, 300), (10**6, 300)])
def test_pause_doubles_up_to_five_minutes(faults: int, longest: int) -> None:
    pauses = [pause_after(faults, SystemRandom()).total_seconds() for _ in range(50)]

    assert longest * 0.8 <= min(pauses) < max(pauses) <= longest


def test_refused_login_rests_for_a_quarter_of_an_hour() -> None:
    pause = pause_after(1, SystemRandom(), is_login=True)

    assert REFUSED_LOGIN <= pause <= REFUSED_LOGIN + timedelta(minutes=2)
