"""Every cell of the permissions: act, role, ownership, direction and state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.gateway.auth.permissions import Act, ReadScope, ownership_of, refusal
from services.gateway.errors import Situation
from services.gateway.operations.registry import PERMISSIONS
from services.gateway.operations.rules import Ownership
from shared.domain.interaction import Interaction, Invitation, Place
from shared.domain.lifecycle import Direction, Operation, State
from shared.storage.agents.agent_store import StoredAgent

ROLES = {"agent": ["Agent"], "admin": ["Contact Center Admin"], "nobody": [], "odd": ["Janitor"]}
IN, OUT = Direction.INBOUND, Direction.OUTBOUND
ANN = StoredAgent(
    id="ann",
    user_name="ann",
    first_name="",
    last_name="",
    email_address="",
    roles=("Agent",),
    queues=("support",),
    skills={},
    capacity=1,
    enabled=True,
    ready=True,
)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

ACTS: tuple[Act, ...] = (*ReadScope, *PERMISSIONS.values())

POSSIBLE = {
    (IN, State.INVITED): "accept reject extend-invitation",
    (IN, State.ACCEPTED): (
        "transfer reply reply-all complete place-in-queue place-in-workbin update-properties "
        "forward redirect add-comment set-disposition"
    ),
    (IN, State.IN_WORKBIN): "pull",
    (OUT, State.REPLY_CREATED): (
        "cancel send place-in-workbin update-properties link-attachment save transfer "
        "place-in-queue add-comment set-disposition"
    ),
    (OUT, State.SENDING): "cancel",
    (OUT, State.IN_WORKBIN): "pull",
    (OUT, State.INVITED): "accept reject extend-invitation",
}
"""The specification's table, written out once more: what any agent could do in a state."""

HOLDERS = {
    "accept": "invited",
    "reject": "invited",
    "extend-invitation": "invited",
    "pull": "reader",
}

OF_THE_SYSTEM = {
    "invite",
    "accept-missed",
    "revoke",
    "deliver",
    "fail",
    "give-up",
    "doubt",
    "requeue",
    "return",
    "reclaim",
    "resend",
    "report",
    "disown",
}


def expected(
    act: Act, role: str, ownership: Ownership, direction: Direction, state: State
) -> Situation | None:
    if isinstance(act, ReadScope):
        return expected_of_reading(act, role, ownership)
    if role != "agent":
        return Situation.NOT_PERMITTED
    if act.operation is Operation.LINK_ATTACHMENT and direction is IN:
        return Situation.OPERATION_FORBIDDEN
    if act.operation not in POSSIBLE.get((direction, state), "").split():
        return Situation.WRONG_STATE
    may = ownership == HOLDERS.get(act.operation, "owner")
    return None if may else Situation.NOT_PERMITTED


def act_name(act: Act) -> str:
    return act.value if isinstance(act, ReadScope) else act.operation.value


def test_every_operation_but_those_of_the_system_has_a_permission() -> None:
    assert {one.value for one in Operation} - set(PERMISSIONS) == OF_THE_SYSTEM


READERS: dict[str, tuple[str, set[str]]] = {
    "outline": ("agent admin", {str(one) for one in Ownership}),
    "mine": ("agent", {"invited", "owner"}),
    "whole": ("agent admin", {"invited", "owner", "reader"}),
    "history": ("agent admin", {"invited", "owner", "reader", "related"}),
    "attachment": ("agent", {"invited", "owner", "reader"}),
    "followed": ("agent", {"owner"}),
}
"""By act: the roles that may, and how an agent has to stand to the interaction."""


def expected_of_reading(act: ReadScope, role: str, ownership: Ownership) -> Situation | None:
    roles, ownerships = READERS[act.value]
    if role not in roles.split():
        return Situation.NOT_PERMITTED
    if role == "admin" or ownership in ownerships:
        return None
    return Situation.NOT_FOUND if act is ReadScope.ATTACHMENT else Situation.NOT_PERMITTED


def cells() -> Iterator[tuple[Act, str, Ownership, Direction, State]]:
    return product(ACTS, ROLES, Ownership, Direction, State)


@pytest.mark.parametrize("act", ACTS, ids=act_name)
def test_every_cell_is_as_specified(act: Act) -> None:
    mine = [cell for cell in cells() if cell[0] is act]

    wrong = [
        cell for cell in mine if refusal(act, ROLES[cell[1]], *cell[2:]) is not expected(*cell)
    ]

    assert len(mine) == 4 * 6 * 2 * len(State)
    assert wrong == []


@pytest.mark.parametrize("act", ACTS, ids=act_name)
def test_setting_opens_mail_texts_to_agents_and_nothing_else(act: Act) -> None:
    opened = {
        cell
        for cell in cells()
        if cell[0] is act
        and refusal(act, ROLES[cell[1]], *cell[2:]) is not None
        and refusal(act, ROLES[cell[1]], *cell[2:], shows_all=True) is None
    }

    assert {cell[1] for cell in opened} == ({"agent"} if act in {"whole", "history"} else set())


def test_both_roles_together_may_what_each_may() -> None:
    reply = PERMISSIONS[Operation.REPLY]
    roles = ["Agent", "Contact Center Admin"]

    assert refusal(ReadScope.WHOLE, roles, Ownership.OTHER, IN, State.ACCEPTED) is None
    assert refusal(reply, roles, Ownership.OWNER, IN, State.ACCEPTED) is None
    assert refusal(reply, roles, Ownership.OTHER, IN, State.ACCEPTED) is (Situation.NOT_PERMITTED)


@pytest.mark.parametrize(
    ("fields", "ownership"),
    [
        ({"owner_id": "ann"}, Ownership.OWNER),
        ({"owner_id": "bob"}, Ownership.OTHER),
        ({}, Ownership.NONE),
        ({"invitation": Invitation("ann", NOW + timedelta(seconds=30))}, Ownership.INVITED),
        ({"invitation": Invitation("bob", NOW + timedelta(seconds=30))}, Ownership.OTHER),
        ({"place": Place("email.draft", "ann")}, Ownership.READER),
        ({"place": Place("team", "support", of_group=True)}, Ownership.READER),
        ({"place": Place("email.draft", "bob")}, Ownership.NONE),
        ({"place": Place("team", "sales", of_group=True)}, Ownership.NONE),
    ],
)
def test_an_agent_stands_to_an_interaction_as(
    fields: dict[str, object], ownership: Ownership
) -> None:
    mail = Interaction(
        id="1",
        direction=IN,
        subtype="InboundNew",
        state=State.ACCEPTED,
        queue="support",
        received_at=NOW,
        queued_at=NOW,
    )

    assert ownership_of(replace(mail, **fields), ANN) is ownership  # type: ignore[arg-type]
