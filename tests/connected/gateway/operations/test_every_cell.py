"""Each operation in each state: it is handed on, or answered with the right number."""

from typing import Any

import httpx2
import pytest

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.registry import ON_INTERACTIONS
from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import TRANSITIONS, Direction, Operation, State
from tests.connected.gateway.rest.mails.test_delivery_shown import waiting
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

BODIES: dict[str, dict[str, Any]] = {
    "Reply": {"queueName": "drafts"},
    "ReplyAll": {"queueName": "drafts"},
    "Forward": {"queueName": "drafts"},
    "PlaceInQueue": {"queueName": "sales"},
    "Transfer": {"userId": "agent2"},
    "PlaceInWorkbin": {"workbin": "email.draft"},
    "Send": {"email_object": {"toAddress": "ann@example.org"}},
    "Save": {"email_object": {"text": "so far"}},
    "Redirect": {"toAddress": "bob@example.org"},
    "UpdateUserData": {"userData": {"a": 1}},
    "AttachUserData": {"userData": {"a": 1}},
    "DeleteUserData": {"userData": {"a": 1}},
    "AddComment": {"comment": "called back"},
    "SetDisposition": {"disposition": "solved"},
}
CELLS = [
    (way, state, definition)
    for way in Direction
    for state in State
    for definition in ON_INTERACTIONS
]


def name_of(part: Any) -> str:
    return str(part.name if isinstance(part, OperationDefinition) else part)


async def in_state(gateway: Gateway, way: Direction, state: State) -> Interaction:
    match state:
        case State.INVITED:
            return await gateway.offered(direction=way)
        case State.IN_WORKBIN:
            place = Place("email.draft", "agent1")
            return await gateway.store(direction=way, state=state, place=place)
        case State.QUEUED:
            return await gateway.store(direction=way, state=state)
        case State.SENDING:
            mail = await gateway.store(direction=way, state=state, owner_id="agent1")
            await waiting(gateway, mail.id)
            return mail
        case _:
            return await gateway.store(direction=way, state=state, owner_id="agent1")


def is_possible(way: Direction, state: State, definition: OperationDefinition) -> bool:
    # What lies in a workbin is accepted by taking it out (oddity 16).
    pulls = definition.operation is Operation.ACCEPT and state is State.IN_WORKBIN
    step = TRANSITIONS.get((way, state, Operation.PULL if pulls else definition.operation))
    return step is not None and step.by_agent


@pytest.mark.parametrize(("way", "state", "definition"), CELLS, ids=name_of)
async def test_an_operation_is_handed_on_where_the_table_has_it_and_refused_elsewhere(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    way: Direction,
    state: State,
    definition: OperationDefinition,
) -> None:
    mail = await in_state(gateway, way, state)
    body = {"operationName": definition.name, **BODIES.get(definition.name, {})}

    answer = await agent1.post(f"/api/v2/me/interactions/{mail.id}", json=body)

    if is_possible(way, state, definition):
        assert answer.status_code == 200, answer.text
        assert (await gateway.command())["interaction_id"] == mail.id
    else:
        assert answer.status_code == 409, answer.text
        assert failure(2, answer.json())
        assert await gateway.unchanged(mail)
