"""Waiting rooms and parking for messages that could not be handled."""

import pytest
from pydantic import BaseModel, ValidationError

from shared.domain.errors import StaleInteractionError, Unavailable
from shared.messaging.retries import (
    MAX_ATTEMPTS,
    Delivered,
    after_failure,
    describe,
)
from shared.messaging.topology import MAX_DELIVERIES, ROUTING


def delivered(**headers: object) -> Delivered:
    return Delivered("id-1", b"{}", "correlation-1", headers)


@pytest.mark.parametrize(
    ("attempts_before", "room"),
    [
        (0, "routing.work.retry-5s"),
        (1, "routing.work.retry-30s"),
        (2, "routing.work.retry-5m"),
        (3, "routing.work.retry-5m"),
        (MAX_ATTEMPTS - 2, "routing.work.retry-5m"),
        (MAX_ATTEMPTS - 1, "routing.work.dead"),
    ],
)
def test_unavailable_waits_longer_after_each_attempt(attempts_before: int, room: str) -> None:
    copy = after_failure(delivered(**{"x-attempt": attempts_before}), Unavailable("away"), ROUTING)

    assert copy.routing_key == room
    assert (copy.headers or {})["x-attempt"] == attempts_before + 1


def test_losing_a_race_is_worth_another_try() -> None:
    copy = after_failure(delivered(), StaleInteractionError("1"), ROUTING)

    assert copy.routing_key == "routing.work.retry-5s"


def test_a_defect_is_parked_at_once_with_its_reason() -> None:
    copy = after_failure(delivered(), KeyError("queue"), ROUTING)

    assert copy.routing_key == "routing.work.dead"
    assert (copy.headers or {})["x-reason"] == "KeyError: 'queue'"


def test_the_copy_is_the_same_message() -> None:
    copy = after_failure(delivered(), KeyError(), ROUTING)

    assert (copy.id, copy.body, copy.correlation_id) == ("id-1", b"{}", "correlation-1")


def test_a_message_that_ends_its_consumers_is_lethal() -> None:
    assert delivered(**{"x-delivery-count": MAX_DELIVERIES}).is_lethal
    assert not delivered(**{"x-delivery-count": MAX_DELIVERIES - 1}).is_lethal


def test_a_reason_never_holds_what_the_message_said() -> None:
    class Model(BaseModel):
        number: int

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"number": "a secret"})

    assert describe(caught.value) == "not a valid message: number"


def test_a_reason_is_short() -> None:
    assert len(describe(KeyError("x" * 10_000))) == 300


def test_a_reason_can_be_sent_whatever_it_is() -> None:
    assert describe(ValueError("a\udcfc\r\nb")) == "ValueError: a\N{REPLACEMENT CHARACTER} b"
