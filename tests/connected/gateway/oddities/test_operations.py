"""Rows about operations: their names, their targets, where they are possible."""

from typing import Any

import httpx2
import pytest

from shared.domain.lifecycle import Direction, State
from tests.connected.gateway.oddities.asking import OK, seen
from tests.support.gateway import Gateway, failure
from tests.support.rest import ask, ask_about

pytestmark = pytest.mark.connected


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
    await gateway.add_agent("early")
    early = await gateway.client("early")

    answer = await ask(early, "/me/interactions/", "Create", queueName="drafts")

    assert answer.status_code == 403
    assert failure(3, answer.json())


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


@pytest.mark.parametrize(
    ("capability", "name", "more"),
    [
        ("StopProcessing", "Complete", {}),
        ("StopProcessing", "StopProcessing", {}),
        ("UpdateProperties", "UpdateUserData", {"userData": {"a": 1}}),
        ("UpdateProperties", "AttachUserData", {"userData": {"a": 1}}),
        ("UpdateProperties", "DeleteUserData", {"userData": {"a": 1}}),
    ],
)
async def test_oddity_07_a_capability_licenses_operations_of_other_names(
    gateway: Gateway, agent1: httpx2.AsyncClient, capability: str, name: str, more: dict[str, Any]
) -> None:
    mail = await gateway.accepted()

    assert capability in (await seen(agent1, mail.id))["capabilities"]
    answer = await ask_about(agent1, mail.id, name, **more)

    assert answer.status_code == 200
    assert (await gateway.command())["interaction_id"] == mail.id


async def test_oddity_07_linking_is_done_where_the_attachments_are(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    assert "LinkAttachment" in (await seen(agent1, draft.id))["capabilities"]
    files = [("attachment", ("a.txt", b"a", "text/plain"))]
    answer = await agent1.post(f"/api/v2/me/interactions/{draft.id}/attachments", files=files)

    assert answer.json()["statusCode"] == 0
    assert (await gateway.command())["address"] == "attachments.link-document.v1"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Complete", "routing.complete-interaction.v1"),
        ("StopProcessing", "routing.complete-interaction.v1"),
        ("Cancel", "composition.cancel-draft.v1"),
        ("CancelReply", "composition.cancel-draft.v1"),
    ],
)
async def test_oddity_08_the_names_of_the_older_release_mean_the_same(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str, address: str
) -> None:
    is_draft = name.startswith("Cancel")
    mail = await (gateway.drafted() if is_draft else gateway.accepted())

    answer = await ask_about(agent1, mail.id, name)

    assert answer.status_code == 200
    assert (await gateway.command())["address"] == address


@pytest.mark.parametrize("name", ["Reply", "ReplyAll"])
async def test_oddity_10_the_id_of_a_reply_is_not_that_of_the_original(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.accepted()

    answer = (await ask_about(agent1, mail.id, name, queueName="drafts")).json()

    command = await gateway.command()
    assert answer["replyInteractionId"] == command["reply_id"] != mail.id
    assert command["interaction_id"] == mail.id


async def test_oddity_10_a_reply_names_what_it_answers(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()
    draft = await gateway.drafted(parent_id=mail.id)

    assert (await seen(agent1, draft.id))["parentInteractionId"] == mail.id


@pytest.mark.parametrize(
    ("name", "given", "quotes"),
    [
        ("Reply", {}, False),
        ("Reply", {"quoteOriginal": True}, True),
        ("ReplyAll", {}, True),
        ("ReplyAll", {"quoteOriginal": False}, False),
    ],
)
async def test_oddity_13_quoting_may_be_left_open(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str, given: dict[str, Any], quotes: bool
) -> None:
    mail = await gateway.accepted()

    await ask_about(agent1, mail.id, name, queueName="drafts", **given)

    assert (await gateway.command())["quote_original"] is quotes
