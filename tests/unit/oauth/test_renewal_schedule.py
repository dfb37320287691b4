"""When a token is renewed, and when a failed login is tried again."""

from datetime import timedelta
from random import SystemRandom

import pytest

from shared.contracts.oauth import MailServer
from shared.oauth.renewal_schedule import (
    LoginState,
    pause_after_fault,
    renewed_after,
    usable_for,
)
from tests.unit.oauth.logins import NOW

HOUR = timedelta(hours=1)
SMTP = MailServer("smtp", "smtp.example", 587)
RANDOM = SystemRandom()


def state(**changes: object) -> LoginState:
    """Return a login with a token that is good for another hour."""
    fields: dict[str, object] = {
        "now": NOW,
        "access_token": "token-1",
        "expires_at": NOW + HOUR,
        "renew_at": NOW + 0.8 * HOUR,
        "made_from": "this",
    }
    return LoginState(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("life", [timedelta(seconds=10), HOUR, 24 * HOUR])
def test_a_token_is_renewed_at_four_fifths_of_its_life(life: timedelta) -> None:
    for _ in range(100):
        assert 0.75 * life <= renewed_after(life, RANDOM) <= 0.8 * life < usable_for(life) < life


def test_a_fresh_token_is_used_and_not_renewed() -> None:
    assert state().is_usable("this")
    assert not state().is_due("this", "secret-1")


def test_a_token_in_its_last_fifth_is_used_and_renewed() -> None:
    old = state(renew_at=NOW)

    assert old.is_usable("this")
    assert old.is_due("this", "secret-1")


@pytest.mark.parametrize(
    "changes", [{"access_token": ""}, {"expires_at": NOW}, {"made_from": "another"}]
)
def test_missing_token_is_asked_for(changes: dict[str, object]) -> None:
    assert not state(**changes).is_usable("this")
    assert state(**changes).is_due("this", "secret-1")


def test_a_refused_login_rests_unless_its_secret_changes() -> None:
    refused = state(
        access_token="",
        refused_at=NOW,
        retry_at=NOW + timedelta(minutes=15),
        tried_from=("secret-1",),
    )

    assert not refused.is_due("this", "secret-1")
    assert refused.is_due("this", "secret-2")
    assert refused.needs_attention("this", SMTP)


def test_a_rest_ends() -> None:
    rested = state(access_token="", retry_at=NOW, tried_from=("secret-1",))

    assert rested.is_due("this", "secret-1")


def test_a_fault_is_an_alarm_only_without_a_token() -> None:
    assert not state(faults=3).needs_attention("this", SMTP)
    assert state(faults=3, expires_at=NOW).needs_attention("this", SMTP)


def test_pauses_grow_from_seconds_to_minutes() -> None:
    pauses = [pause_after_fault(number, None, RANDOM).total_seconds() for number in range(1, 100)]

    assert 4 <= pauses[0] <= 5
    assert 8 <= pauses[1] <= 10
    assert all(240 <= pause <= 300 for pause in pauses[10:])


def test_a_pause_that_was_asked_for_is_not_cut_short() -> None:
    assert pause_after_fault(1, HOUR, RANDOM) == HOUR
    assert pause_after_fault(50, timedelta(seconds=5), RANDOM) >= timedelta(minutes=4)
