"""Every interaction has one place, and the capabilities of its state."""

from dataclasses import replace
from typing import Any

import pytest

from tests.stateful.possible_orders import forbidden, possible
from tests.stateful.rules import Relation
from tests.stateful.system_snapshot import (
    SystemSnapshot,
    misplaced,
    subjects,
    with_wrong_capabilities,
)


def shown(state: str, *capabilities: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "m",
        "state": state,
        "direction": "Inbound",
        "interactionSubType": "InboundNew",
        "email_object": {"Subject": "Invoice"},
        "capabilities": list(capabilities),
        "extendedCapabilities": [],
        "userData": {},
    } | fields


OFFERED = shown("Invited", "Accept", "Reject", extendedCapabilities=["ExtendInvitation"])
EXTENDED = shown("Invited", "Accept", "Reject")
KEPT = shown("InWorkbin", "PullInteraction")
EMPTY: dict[str, dict[str, Any]] = {"a": {}, "b": {}}
FINE = SystemSnapshot({"m": OFFERED}, {"a": {"m": OFFERED}, "b": {}})
SHELVED = SystemSnapshot({"m": KEPT}, EMPTY, {"bin": {"m": KEPT}}, {"bin": frozenset({"a"})})


@pytest.mark.parametrize(
    "snapshot",
    [
        FINE,
        replace(FINE, desks={"a": {"m": EXTENDED}, "b": {}}),
        SHELVED,
        SystemSnapshot({"m": shown("Queued")}, EMPTY),
        SystemSnapshot({}, EMPTY),
    ],
)
def test_nothing_is_found_where_everything_is_in_its_place(snapshot: SystemSnapshot) -> None:
    assert (misplaced(snapshot), with_wrong_capabilities(snapshot)) == ([], [])


@pytest.mark.parametrize(
    ("snapshot", "fault"),
    [
        (replace(FINE, desks={"a": {"m": OFFERED}, "b": {"m": OFFERED}}), "m is in 2 places"),
        (replace(FINE, desks=EMPTY), "m is Invited and waiting, not on a desk"),
        (replace(SHELVED, bins={"bin": {}}), "m is InWorkbin and waiting, not in a workbin"),
        (
            replace(FINE, listed={"m": shown("Queued")}),
            "m is Queued and on a desk, not waiting",
        ),
        (
            replace(FINE, listed={}, ended={"m": shown("Completed")}),
            "m is Completed and on a desk, not at an end",
        ),
        (replace(FINE, listed={}), "m is somewhere and nowhere listed"),
    ],
)
def test_mail_lost_or_in_two_places_is_found(snapshot: SystemSnapshot, fault: str) -> None:
    assert fault in misplaced(snapshot)


def test_capabilities_that_are_not_those_of_the_state_are_found() -> None:
    wrong = shown("Invited", "Accept")

    found = with_wrong_capabilities(replace(FINE, desks={"a": {"m": wrong}, "b": {}}))

    assert found == ["m is Invited and offers (('Accept',), ())"]


def test_mails_are_counted_by_subject_and_drafts_are_not() -> None:
    draft = shown("ReplyCreated", interactionSubType="OutboundReply")

    snapshot = SystemSnapshot({"m": OFFERED, "d": draft}, EMPTY, ended={"n": shown("Completed")})

    assert subjects(snapshot) == {"Invoice": 2}


def test_the_one_whose_workbin_it_is_may_take_it_and_the_other_may_not() -> None:
    assert [SHELVED.relation(one, "m") for one in "ab"] == [Relation.READER, Relation.OTHER]
    assert [(one.agent, one.name) for one in possible(SHELVED, 0, ["a", "b"])] == [
        ("a", "PullInteraction"),
        ("a", "Accept"),
    ]
    refused = {
        (one.order.agent, one.order.name): one.refusal.http for one in forbidden(SHELVED, "m")
    }
    assert ("a", "Accept") not in refused
    assert (refused["b", "Accept"], refused["b", "Complete"]) == (403, 409)
