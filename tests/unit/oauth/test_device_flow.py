"""The device authorization response and the polling interval."""

from datetime import timedelta

import pytest

from shared.oauth.device_flow import Invitation, pause_after, read_invitation
from shared.oauth.token_responses import HttpAnswer
from tests.unit.oauth.logins import NOW

FIVE = timedelta(seconds=5)
GOOD = (
    b'{"verification_uri": "https://id.example/go", "user_code": "ABCD-EFGH", '
    b'"device_code": "device-1", "expires_in": %b, "interval": %b}'
)


def invitation(body: bytes, status: int = 200) -> Invitation | str:
    return read_invitation(HttpAnswer(status, {}, body), NOW, ["client-secret"])


def test_an_invitation_names_address_code_and_time() -> None:
    found = invitation(GOOD % (b"900", b"3"))

    assert isinstance(found, Invitation)
    assert found.interval == timedelta(seconds=3)
    assert found.words("desk@demo.example") == (
        "Open https://id.example/go as desk@demo.example and enter the code ABCD-EFGH\n"
        "Waiting for 15 minutes at most; Ctrl-C ends it, and nothing is changed then."
    )
    assert "device-1" not in repr(found)


@pytest.mark.parametrize(
    ("told", "lasts", "interval"),
    [(b"1e300", 1800, 60), (b"0", 60, 1), (b"-7", 60, 1), (b"null", 1800, 5)],
)
def test_waiting_has_an_end_and_pauses(told: bytes, lasts: int, interval: int) -> None:
    found = invitation(GOOD % (told, told))

    assert isinstance(found, Invitation)
    assert (found.lasts, found.interval) == (
        timedelta(seconds=lasts),
        timedelta(seconds=interval),
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"{}", 200),
        (b'{"verification_uri": "javascript:x", "user_code": "A", "device_code": "B"}', 200),
        (b'{"verification_uri": "https://x/\\n", "user_code": "A", "device_code": "B"}', 200),
        (b'{"error": "unauthorized_client"}', 400),
        (b"oops", 500),
        (b'{"access_token": "token-1"}', 200),
    ],
)
def test_malformed_invitation_is_told_in_words(body: bytes, status: int) -> None:
    found = invitation(body, status)

    assert isinstance(found, str)
    assert found.startswith("the device endpoint")


@pytest.mark.parametrize(
    ("code", "told", "seconds"),
    [
        ("authorization_pending", None, 5),
        ("slow_down", None, 10),
        ("", None, 10),
        ("", timedelta(seconds=30), 30),
        ("", timedelta(hours=1), 60),
    ],
)
def test_pauses_follow_what_the_endpoint_says(
    code: str, told: timedelta | None, seconds: int
) -> None:
    assert pause_after(FIVE, code, told) == timedelta(seconds=seconds)
