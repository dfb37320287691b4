"""The answers of a token endpoint and their meaning."""

import json
from datetime import timedelta

import pytest

from shared.oauth.token_responses import Denied, Granted, HttpAnswer, TemporaryFailure, read_answer
from tests.unit.oauth.logins import NOW

DATE = "Mon, 02 Mar 2026 09:10:00 GMT"
SECRET = "p4ssw0rd/with+signs"


def answer(status: int, body: object, **headers: str) -> HttpAnswer:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(
        status, {name.replace("_", "-"): one for name, one in headers.items()}, octets
    )


def granted(**fields: object) -> object:
    return read_answer(answer(200, {"access_token": "token-1", **fields}), NOW)


def test_a_token_lives_as_long_as_the_answer_says() -> None:
    assert granted(expires_in=3599, token_type="bearer") == Granted(
        "token-1", timedelta(seconds=3599)
    )


@pytest.mark.parametrize(
    ("told", "life"),
    [
        (b"null", 600),
        (b'"3600"', 3600),
        (b"5e3", 5000),
        (b"1000000000", 86_400),
        (b"1" + b"0" * 4000, 86_400),
        (b"Infinity", 86_400),
        (b"NaN", 600),
        (b"true", 600),
        (b"[]", 600),
    ],
    ids=str,
)
def test_a_strange_life_is_bounded(told: bytes, life: int) -> None:
    body = b'{"access_token": "token-1", "expires_in": %b}' % told

    assert read_answer(answer(200, body), NOW) == Granted("token-1", timedelta(seconds=life))


@pytest.mark.parametrize("told", [0, -1, -(10**9), float("-inf"), "0"])
def test_a_token_that_has_ended_is_no_token(told: object) -> None:
    assert isinstance(granted(expires_in=told), TemporaryFailure)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"\xff\xfe",
        b'{"access_token": "' + b"x" * 65_536 + b'"}',
        [],
        "token",
        {},
        {"access_token": 7},
        {"access_token": ""},
        {"access_token": "two words"},
        {"access_token": "line\r\nbreak"},
        {"access_token": "x" * 20_000},
        {"access_token": "token-1", "token_type": "mac"},
        {"access_token": "token-1", "token_type": 7},
        b'{"access_token": "token-1", "expires_in": 1%b}' % (b"0" * 5000),
    ],
)
def test_malformed_token_is_asked_for_again_later(body: object) -> None:
    outcome = read_answer(answer(200, body), NOW)

    assert isinstance(outcome, TemporaryFailure)
    assert outcome.words.startswith("the token endpoint")


@pytest.mark.parametrize(
    "error",
    ["invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "access_denied"],
)
def test_a_refusal_is_a_refusal_and_tells_the_time(error: str) -> None:
    outcome = read_answer(answer(400, {"error": error}, date=DATE), NOW)

    assert isinstance(outcome, Denied)
    assert outcome.words == f"the token endpoint answers 400: {error}"
    assert outcome.server_time == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, b""),
        (408, b""),
        (500, b"{}"),
        (503, b"oops"),
        (302, b""),
        (400, {"error": "temporarily_unavailable"}),
        (400, {"error": "server_error"}),
    ],
)
def test_passing_failure_is_tried_again(status: int, body: object) -> None:
    assert isinstance(read_answer(answer(status, body), NOW), TemporaryFailure)


@pytest.mark.parametrize(
    ("told", "pause"),
    [
        ("120", 120),
        ("0", 5),
        ("999999999999", 3600),
        ("Mon, 02 Mar 2026 09:12:00 GMT", 120),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Mon, 02 Mar 2020 09:12:00 GMT", 5),
        ("soon", None),
        ("-5", None),
        ("1" * 5000, None),
        ("Mon, 99 Mar 2026 99:99:99 GMT", None),
    ],
)
def test_a_pause_that_is_asked_for_is_kept_within_bounds(told: str, pause: int | None) -> None:
    outcome = read_answer(answer(429, b"", retry_after=told, date=DATE), NOW)

    assert isinstance(outcome, TemporaryFailure)
    assert outcome.pause == (None if pause is None else timedelta(seconds=pause))


def test_words_of_the_endpoint_never_repeat_a_secret() -> None:
    said = {"error": SECRET, "error_description": "x" * 290 + SECRET + "\n\x1b[31m"}

    outcome = read_answer(answer(400, said), NOW, [SECRET])

    assert isinstance(outcome, Denied)
    assert "p4ss" not in repr(outcome)
    assert outcome.words.isprintable()


def test_no_token_is_in_a_representation() -> None:
    outcome = granted(refresh_token="refresh-1")

    assert isinstance(outcome, Granted)
    assert outcome.refresh_token == "refresh-1"
    assert "token-1" not in repr(outcome)
    assert "refresh-1" not in repr(outcome)
