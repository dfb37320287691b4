"""Where the seeds contradict themselves: the reading that offends none, one test each."""

from base64 import b64encode
from typing import Any

import httpx2
import pytest

from services.gateway.wire.workbins import uuid_of
from shared.contracts.contact_center import Workbin
from shared.domain.interaction import Place
from shared.domain.lifecycle import Direction, State
from tests.connected.gateway.conftest import Gateway, failure
from tests.connected.world import CENTER

pytestmark = pytest.mark.connected

OK = {"status": "ok", "statusCode": 0}
OWN = Place("email.in-progress", "agent1")
SHARED = Place("team", "support", of_group=True)


@pytest.fixture(autouse=True)
async def _workbins(gateway: Gateway) -> None:
    workbins = (Workbin(name="email.in-progress"), Workbin(name="team", owner="queue"))
    await gateway.describe(CENTER.model_copy(update={"workbins": workbins}))


async def ask(client: httpx2.AsyncClient, path: str, name: str, **body: Any) -> httpx2.Response:
    return await client.post(f"/api/v2{path}", json={"operationName": name, **body})


@pytest.mark.parametrize("name", ["Transfer", "SingleStepTransfer"])
async def test_oddity_04_a_transfer_goes_by_both_names(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", name, userId="agent2")

    assert answer.text == '{"statusCode":0,"status":"ok"}'
    assert (await gateway.command())["to_agent_id"] == "agent2"


async def test_oddity_05_a_draft_is_transferred_without_the_capability_being_advertised(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await ask(agent1, f"/me/interactions/{draft.id}", "Transfer", userId="agent2")

    assert answer.status_code == 200
    seen = (await agent1.get(f"/api/v2/me/interactions/{draft.id}")).json()["interaction"]
    assert "Transfer" not in seen["capabilities"]
    assert "Transfer" in seen["extendedCapabilities"]


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ({"userId": "agent2"}, ("agent2", "", "")),
        ({"userUri": "http://host/api/v2/users/agent2"}, ("agent2", "", "")),
        ({"userUri": "/users/agent2"}, ("agent2", "", "")),
        ({"userName": "agent2"}, ("agent2", "", "")),
        ({"queueName": "sales"}, ("", "sales", "")),
        ({"agentGroup": "sales"}, ("", "sales", "")),
        ({"skill": "german"}, ("", "", "german")),
    ],
)
async def test_oddity_06_a_transfer_has_exactly_one_target(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    target: dict[str, str],
    command: tuple[str, str, str],
) -> None:
    await gateway.hire("speaker", skills={"german": 4})
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "Transfer", **target)

    assert answer.status_code == 200
    given = await gateway.command()
    assert (given["to_agent_id"], given["to_queue"], given["to_skill"]) == command


@pytest.mark.parametrize(
    ("target", "status_code"),
    [
        ({}, 1),
        ({"userId": "agent2", "queueName": "sales"}, 10),
        ({"userId": "agent2", "userName": "agent2"}, 10),
        ({"skill": "klingon"}, 6),
        ({"skill": "$where"}, 6),
        ({"queueName": "nowhere"}, 6),
        ({"userUri": "/users/nobody"}, 6),
    ],
)
async def test_oddity_06_any_other_target_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, target: dict[str, str], status_code: int
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "Transfer", **target)

    assert failure(status_code, answer.json())
    assert await gateway.unchanged(mail)


@pytest.mark.parametrize("path", ["/me/interactions", "/me/interactions/"])
async def test_oddity_09_create_tells_the_id_before_the_mail_exists(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    answer = await ask(agent1, path, "Create", queueName="drafts")

    new_id = answer.json()["replyInteractionId"]
    assert answer.json() == {**OK, "replyInteractionId": new_id, "interactionId": new_id}
    command = await gateway.command()
    assert (command["address"], command["interaction_id"], command["queue"]) == (
        "composition.create-draft.v1",
        new_id,
        "drafts",
    )


async def test_oddity_09_create_is_for_agents_who_are_logged_in(gateway: Gateway) -> None:
    await gateway.hire("early")
    early = await gateway.client("early")

    answer = await ask(early, "/me/interactions/", "Create", queueName="drafts")

    assert answer.status_code == 403
    assert failure(3, answer.json())


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


async def test_oddity_17_attaching_overwrites_unless_a_setting_forbids_it(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted(user_data={"a": 1})

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "AttachUserData", userData={"a": 2})

    assert answer.json() == OK
    command = await gateway.command()
    assert (command["put"], command["only_new"]) == ({"a": 2}, False)


@pytest.mark.parametrize(
    ("given", "removed"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"a": [], "b": ["c", "d"]}),
        ({"b": {}}, {"b": []}),
        (["a", "b"], {"a": [], "b": []}),
    ],
)
async def test_oddity_18_the_keys_to_delete_count_and_their_values_do_not(
    gateway: Gateway, agent1: httpx2.AsyncClient, given: Any, removed: dict[str, list[str]]
) -> None:
    mail = await gateway.accepted()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "DeleteUserData", userData=given)

    assert answer.json() == OK
    assert (await gateway.command())["remove"] == removed


@pytest.mark.parametrize(
    ("given", "status_code"),
    [
        ({"interactionType": "outbound", "interactionSubType": "outboundnew"}, 0),
        ({"interactionType": "Inbound"}, 10),
        ({"interactionSubType": "InboundNew"}, 10),
        ({"queueName": "nowhere"}, 6),
        ({"queueName": None}, 1),
        ({"parentId": "0000000000000000"}, 6),
    ],
)
async def test_oddity_21_the_type_to_create_is_the_direction(
    gateway: Gateway, agent1: httpx2.AsyncClient, given: dict[str, Any], status_code: int
) -> None:
    body = {"queueName": "drafts", **given}

    answer = await ask(agent1, "/me/interactions/", "Create", **body)

    assert answer.json()["statusCode"] == status_code
    if status_code == 0:
        assert (await gateway.command())["subtype"] == "OutboundNew"


async def test_oddity_22_a_new_mail_is_a_reply_created_with_its_own_subtype(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.store(
        direction=Direction.OUTBOUND,
        subtype="OutboundNew",
        state=State.REPLY_CREATED,
        owner_id="agent1",
    )

    seen = (await agent1.get(f"/api/v2/me/interactions/{draft.id}")).json()["interaction"]

    assert (seen["state"], seen["interactionSubType"], seen["interactionType"]) == (
        "ReplyCreated",
        "OutboundNew",
        "Email",
    )
    assert seen["direction"] == "Outbound"


async def test_oddity_31_cancel_of_an_offer_hints_at_reject(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered()

    answer = await ask(agent1, f"/me/interactions/{mail.id}", "Cancel")

    assert failure(2, answer.json())
    assert answer.json()["statusMessage"].endswith("use Reject")


async def test_oddity_32_a_redirect_is_offered_beyond_the_seeds(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    answer = await ask(
        agent1, f"/me/interactions/{mail.id}", "Redirect", toAddress="bob@example.org"
    )

    assert answer.json()["statusCode"] == 0
    command = await gateway.command()
    assert command["redirect_id"] == answer.json()["interactionId"]
    assert command["to"] == [{"address": "bob@example.org", "personal": ""}]


async def test_oddity_33_a_draft_is_queued_without_the_capability_being_advertised(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await ask(agent1, f"/me/interactions/{draft.id}", "PlaceInQueue", queueName="sales")

    assert answer.json() == OK
    assert (await gateway.command())["queue"] == "sales"


@pytest.mark.parametrize("path", ["/api/v2/interactions/{}", "/me/interactions/{}"])
async def test_oddity_35_putting_a_draft_saves_it(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    draft = await gateway.drafted()
    body = {"email_object": {"Text": "so far"}, "userData": {"a": 1}}

    answer = await agent1.put(path.format(draft.id), json=body)

    assert answer.json() == OK
    command = await gateway.command()
    assert (command["address"], command["edits"]["text"]) == ("composition.save-draft.v1", "so far")
    assert (command["put"], command["is_update"]) == ({"a": 1}, True)


@pytest.mark.parametrize(
    ("body", "status_code"),
    [({"userData": {"a": 1}}, 0), ({"email_object": {"text": "x"}}, 2), ({}, 1)],
)
async def test_oddity_35_putting_an_inbound_mail_changes_its_user_data_only(
    gateway: Gateway, agent1: httpx2.AsyncClient, body: dict[str, Any], status_code: int
) -> None:
    mail = await gateway.accepted()

    answer = await agent1.put(f"/api/v2/interactions/{mail.id}", json=body)

    assert answer.json()["statusCode"] == status_code


async def test_oddity_37_user_data_is_shown_without_binary_values(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted(user_data={"a": b"\x00", "b": {"c": b"\xff", "d": 1}})

    seen = (await agent1.get(f"/api/v2/me/interactions/{mail.id}")).json()["interaction"]

    assert seen["userData"] == {"b": {"d": 1}}
