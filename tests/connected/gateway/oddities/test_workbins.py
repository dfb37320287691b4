"""Rows about workbins: what is in them, how they are named, how mails come out again."""

from base64 import b64encode
from typing import Any

import httpx2
import pytest

from services.gateway.operations.parameters.workbin_ids import uuid_of
from shared.contracts.contact_center import Workbin
from shared.domain.interaction import Place
from shared.domain.lifecycle import State
from tests.connected.gateway.oddities.asking import OK
from tests.support.backend import CENTER
from tests.support.gateway import Gateway, failure
from tests.support.rest import ask

pytestmark = pytest.mark.connected

OWN = Place("email.in-progress", "agent1")
SHARED = Place("team", "support", of_group=True)


@pytest.fixture(autouse=True)
async def _workbins(gateway: Gateway) -> None:
    workbins = (Workbin(name="email.in-progress"), Workbin(name="team", owner="queue"))
    await gateway.describe(CENTER.model_copy(update={"workbins": workbins}))


@pytest.mark.parametrize("path", ["/me/interactions", "/me/interactions/anything"])
async def test_oddity_14_the_content_of_a_workbin_concerns_no_interaction(
    agent1: httpx2.AsyncClient, path: str
) -> None:
    answer = await ask(agent1, path, "GetWorkbinContent", workbin="email.in-progress")

    assert answer.json() == OK


@pytest.mark.parametrize(
    ("identifier", "place"),
    [
        ("email.in-progress", OWN),
        ("email.in-progress/PrivateView", OWN),
        (b64encode(b"email.in-progress/PrivateView").decode(), OWN),
        (uuid_of(OWN), OWN),
        ({"workbinName": "email.in-progress"}, OWN),
        ({"name": "email.in-progress", "ownerType": "Agent", "ownerId": "agent1"}, OWN),
        ({"id": uuid_of(OWN)}, OWN),
        ("team", SHARED),
        (uuid_of(SHARED), SHARED),
        ({"workbinName": "team", "agentGroup": "support"}, SHARED),
        ({"workbinName": "team", "ownerType": "AgentGroup", "ownerId": "sales"}, "sales"),
    ],
)
async def test_oddity_15_a_workbin_is_named_in_any_way(
    gateway: Gateway, agent1: httpx2.AsyncClient, identifier: Any, place: Any
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "PlaceInWorkbin", workbin=identifier)

    assert answer.json() == OK
    command = await gateway.command()
    wanted = place if isinstance(place, Place) else Place("team", place, of_group=True)
    assert Place(command["workbin"], command["owner"], command["of_group"]) == wanted


@pytest.mark.parametrize(
    ("identifier", "status_code"),
    [
        (None, 1),
        ({"ownerId": "agent1"}, 1),
        ({"workbinName": "email.in-progress", "ownerId": "agent2"}, 5),
        ({"workbinName": "team", "agentGroup": "drafts"}, 5),
        ({"workbinName": "team", "placeId": "desk 7"}, 6),
        (uuid_of(Place("email.in-progress", "agent2")), 6),
        ("nowhere", 6),
        (7, 10),
    ],
)
async def test_oddity_15_a_workbin_that_is_not_the_agents_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, identifier: Any, status_code: int
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "PlaceInWorkbin", workbin=identifier)

    assert failure(status_code, answer.json())
    assert await gateway.unchanged(mail)


@pytest.mark.parametrize("name", ["PullInteraction", "PullEmail", "Accept"])
async def test_oddity_16_what_lies_in_a_workbin_is_taken_out(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.store(state=State.IN_WORKBIN, place=SHARED)

    answer = await ask(agent1, f"/me/interactions/{mail.id}", name)

    assert answer.json() == OK
    assert (await gateway.command())["address"] == "routing.pull-interaction.v1"


async def test_oddity_16_nobody_takes_from_the_workbin_of_another(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.store(state=State.IN_WORKBIN, place=Place("email.draft", "agent2"))

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "PullInteraction")

    assert failure(5, answer.json())
    assert await gateway.unchanged(mail)
