"""The timesync extension."""

from typing import Any

import pytest

from shared.bayeux.ext.timesync import timesync
from shared.bayeux.messages.message import Message
from tests.unit.bayeux.protocol_harness import WALL, Client, ProtocolHarness


def ask(asked: Any) -> Any:
    return timesync(Message({"ext": {"timesync": asked}}), received_ms=1000, answered_ms=1300)


def test_timesync_reply_has_time_duration_and_client_error() -> None:
    assert ask({"tc": 900, "l": 0, "o": 0}) == {"tc": 900, "ts": 1000, "p": 300, "a": -100}


def test_a_client_that_knows_the_time_is_not_told_again() -> None:
    assert ask({"tc": 900, "l": 20, "o": 70}) is None


@pytest.mark.parametrize(
    "asked", [None, 7, {}, {"tc": "x"}, {"tc": 1, "l": float("inf")}, {"tc": 10**400}]
)
def test_nonsense_is_not_answered(asked: object) -> None:
    assert ask(asked) is None


def test_handshake_and_connect_answer_it(harness: ProtocolHarness) -> None:
    client = Client(harness)
    asked = {"timesync": {"tc": 0, "l": 0, "o": 0}}

    reply = client.handshake(ext=asked)
    assert reply["ext"]["timesync"]["ts"] == round((WALL + harness.now) * 1000)
    client.ask("/meta/connect")
    waiting = client.poll(ext=asked)
    harness.now += 30

    assert client.collect(waiting)[-1]["ext"]["timesync"]["p"] == 30_000
