"""The specification's table, by which the running system is judged."""

import pytest

from services.gateway.operations.registry import ON_INTERACTIONS
from tests.stateful.bodies import body_of
from tests.stateful.rules import (
    ADVERTISED,
    LICENSED,
    NEVER,
    NOT_THE_OWNER,
    ORDERS,
    WRONG_STATE,
    Refusal,
    Relation,
    expected_refusal,
)


@pytest.mark.parametrize(
    ("order", "direction", "state", "relation", "refusal"),
    [
        ("Accept", "Inbound", "Invited", Relation.HOLDER, None),
        ("Accept", "Inbound", "Invited", Relation.OTHER, NOT_THE_OWNER),
        ("Accept", "Inbound", "Accepted", Relation.HOLDER, WRONG_STATE),
        ("Accept", "Outbound", "InWorkbin", Relation.READER, None),
        ("PullInteraction", "Outbound", "InWorkbin", Relation.OTHER, NOT_THE_OWNER),
        ("Send", "Outbound", "ReplyCreated", Relation.HOLDER, None),
        ("Send", "Inbound", "Accepted", Relation.HOLDER, WRONG_STATE),
        ("Complete", "Inbound", "Completed", Relation.OTHER, WRONG_STATE),
        ("LinkAttachment", "Inbound", "Accepted", Relation.HOLDER, NEVER),
        ("LinkAttachment", "Outbound", "Invited", Relation.HOLDER, WRONG_STATE),
        ("LinkAttachment", "Outbound", "ReplyCreated", Relation.HOLDER, None),
        ("LinkAttachment", "Outbound", "ReplyCreated", Relation.OTHER, NOT_THE_OWNER),
    ],
)
def test_an_order_is_refused_by_state_first_and_then_by_owner(
    order: str, direction: str, state: str, relation: Relation, refusal: Refusal | None
) -> None:
    assert expected_refusal(order, direction, state, relation) == refusal


def test_every_capability_stands_for_an_order_and_every_order_is_tried() -> None:
    assert {one for offered in ADVERTISED.values() for one in offered.all} == LICENSED.keys()
    assert {one.name for one in ON_INTERACTIONS} <= set(ORDERS)


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_has_parameters_whatever_the_number(order: str) -> None:
    bodies = [body_of(order, number, ["other"]) for number in range(6)]

    assert all(body.keys() == bodies[0].keys() for body in bodies) or order.endswith("ransfer")
