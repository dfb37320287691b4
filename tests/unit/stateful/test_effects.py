"""The effects that an accepted order must have."""

from typing import Any

import pytest

from tests.stateful.effects import Order, missing_effects
from tests.stateful.system_snapshot import SystemSnapshot

BEFORE = {
    "id": "m",
    "state": "Accepted",
    "userData": {"a": 1},
    "email_object": {"attachments": []},
}


def order(name: str, **body: Any) -> Order:
    return Order("me", name, "m", body, BEFORE)


def on_my_desk(state: str = "Accepted", **fields: Any) -> SystemSnapshot:
    shown = {**BEFORE, "state": state, **fields}
    return SystemSnapshot({"m": shown}, {"me": {"m": shown}, "you": {}})


def ended(state: str) -> SystemSnapshot:
    return SystemSnapshot({}, {"me": {}, "you": {}}, ended={"m": {"state": state}})


@pytest.mark.parametrize(
    ("given", "snapshot"),
    [
        (order("Accept"), on_my_desk()),
        (order("Complete"), ended("Completed")),
        (order("Send"), ended("Sent")),
        (order("Send"), ended("Uncertain")),
        (order("UpdateUserData", userData={"b": 2}), on_my_desk(userData={"a": 1, "b": 2})),
        (order("DeleteUserData", userData={"a": 0}), on_my_desk(userData={})),
        (order("AddComment", comment="x"), on_my_desk(email_object={"TheComment": "x"})),
    ],
)
def test_nothing_is_missing_where_it_was_done(given: Order, snapshot: SystemSnapshot) -> None:
    assert missing_effects(given, {}, snapshot) == []


@pytest.mark.parametrize(
    ("given", "answer", "snapshot", "words"),
    [
        (order("Complete"), {}, on_my_desk(), "m is Accepted"),
        (order("Transfer", userId="you"), {}, on_my_desk("Invited"), "desk of me, not of you"),
        (order("Reply"), {"interactionId": "d"}, on_my_desk(), "the promised d is nowhere"),
        (order("UpdateUserData", userData={"b": 2}), {}, on_my_desk(), "userData is {'a': 1}"),
        (order("LinkAttachment"), {}, on_my_desk(), "attachments is 0, not 1"),
    ],
)
def test_order_that_was_not_carried_out_is_found(
    given: Order, answer: dict[str, str], snapshot: SystemSnapshot, words: str
) -> None:
    assert any(words in one for one in missing_effects(given, answer, snapshot))
