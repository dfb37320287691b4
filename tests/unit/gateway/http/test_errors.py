"""Situations have one table of codes."""

import json

import pytest

from services.gateway.errors import (
    CODES,
    RequestError,
    Situation,
    as_request_error,
    failure_body,
    trace_of,
)
from services.gateway.http.answers import failure
from shared.domain.errors import (
    NotOwnerError,
    OperationNotAllowedError,
    StaleInteractionError,
    UnknownInteractionError,
)


@pytest.mark.parametrize(
    ("situation", "status_code", "http"),
    [
        (Situation.PARAMETER_MISSING, 1, 400),
        (Situation.WRONG_STATE, 2, 409),
        (Situation.OPERATION_UNKNOWN, 3, 400),
        (Situation.OPERATION_FORBIDDEN, 3, 403),
        (Situation.METHOD_UNKNOWN, 3, 405),
        (Situation.FORGED, 3, 403),
        (Situation.INTERNAL, 4, 500),
        (Situation.UNAVAILABLE, 4, 503),
        (Situation.TOO_MANY_REQUESTS, 4, 429),
        (Situation.NOT_PERMITTED, 5, 403),
        (Situation.NOT_FOUND, 6, 404),
        (Situation.VALUE_REFUSED, 10, 400),
        (Situation.TOO_LARGE, 10, 413),
        (Situation.NOT_AUTHENTICATED, 20, 401),
    ],
)
def test_every_situation_has_its_codes(situation: Situation, status_code: int, http: int) -> None:
    assert (CODES[situation].status_code, CODES[situation].http) == (status_code, http)


def test_errors_of_the_moment_or_the_login_are_not_final() -> None:
    passing = {situation for situation, codes in CODES.items() if not codes.is_final}

    assert passing == {
        Situation.FORGED,
        Situation.INTERNAL,
        Situation.UNAVAILABLE,
        Situation.TOO_MANY_REQUESTS,
        Situation.IN_PROGRESS,
        # Kept, it would become the answer to the first request with this key.
        Situation.KEY_REUSED,
        Situation.TOO_SLOW,
        Situation.NOT_AUTHENTICATED,
    }


def test_all_situations_have_codes() -> None:
    assert set(CODES) == set(Situation)


@pytest.mark.parametrize(
    ("error", "situation"),
    [
        (OperationNotAllowedError("no"), Situation.WRONG_STATE),
        (NotOwnerError("no"), Situation.NOT_PERMITTED),
        (UnknownInteractionError("no"), Situation.NOT_FOUND),
        (StaleInteractionError("no"), Situation.UNAVAILABLE),
        (RequestError(Situation.TOO_LARGE, "no"), Situation.TOO_LARGE),
    ],
)
def test_errors_of_the_domain_are_translated(error: Exception, situation: Situation) -> None:
    translated = as_request_error(error)

    assert translated is not None
    assert translated.situation is situation


def test_unexpected_error_has_no_details() -> None:
    assert as_request_error(KeyError("secret")) is None


def test_failure_body_has_the_fields_of_both_dialects() -> None:
    assert failure_body(6, "none") == {
        "statusCode": 6,
        "statusMessage": "none",
        "status": "error",
        "errorDescription": "none",
    }


def test_always_200_keeps_the_body_and_the_challenge() -> None:
    gone = failure(RequestError(Situation.NOT_FOUND, "none"), always_200=True)
    stranger = failure(RequestError(Situation.NOT_AUTHENTICATED, "who?"), always_200=True)

    assert (gone.status_code, stranger.status_code) == (200, 401)
    assert json.loads(bytes(gone.body))["statusCode"] == 6


def test_trace_has_places_and_no_message() -> None:
    with pytest.raises(KeyError) as raised:
        dict[str, str]()["secret"]

    trace = trace_of(raised.value)

    assert trace[0] == "KeyError"
    assert "secret" not in str(trace)
