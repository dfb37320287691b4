"""Rows about answers: two dialects in one body, lists, and who may read them."""

import json
from typing import Any

import httpx2
import pytest

from shared.domain.interaction import Email, Interaction
from tests.support.gateway import Gateway, failure
from tests.support.rest import ask_about

pytestmark = pytest.mark.connected

WORDS = {"status": "ok", "statusCode": 0}


async def in_state(gateway: Gateway, state: str) -> Interaction:
    mail: Interaction = await getattr(gateway, state)()
    return mail


@pytest.mark.parametrize(
    ("state", "name", "more", "first"),
    [
        ("offered", "Accept", {}, "status"),
        ("offered", "Reject", {}, "status"),
        ("accepted", "Reply", {"queueName": "drafts"}, "status"),
        ("accepted", "ReplyAll", {"queueName": "drafts"}, "status"),
        ("accepted", "PlaceInQueue", {"queueName": "sales"}, "status"),
        ("accepted", "PlaceInWorkbin", {"workbin": "email.draft"}, "status"),
        ("accepted", "UpdateUserData", {"userData": {"a": 1}}, "status"),
        ("drafted", "Send", {"queueName": "drafts"}, "status"),
        ("accepted", "Complete", {}, "statusCode"),
        ("accepted", "Transfer", {"userId": "agent2"}, "statusCode"),
    ],
)
async def test_oddity_01_success_speaks_both_dialects_its_own_first(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    state: str,
    name: str,
    more: dict[str, Any],
    first: str,
) -> None:
    mail = await in_state(gateway, state)

    answer = await ask_about(agent1, mail.id, name, **more)

    body = json.loads(answer.text)
    assert next(iter(body)) == first
    assert {key: body[key] for key in WORDS} == WORDS


@pytest.mark.parametrize("name", ["Accept", "Cancel", "Complete", "Dance"])
async def test_oddity_01_failure_has_all_four_keys(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await (gateway.offered() if name == "Complete" else gateway.accepted())

    answer = await ask_about(agent1, mail.id, name)

    assert failure(answer.json()["statusCode"], answer.json())
    assert answer.json()["statusCode"] > 0


async def test_oddity_02_cancel_alone_succeeds_with_two_numbers(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await ask_about(agent1, draft.id, "Cancel")

    assert answer.text == '{"status":0,"statusCode":0}'


async def test_oddity_02_cancel_fails_as_all_others(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    answer = await ask_about(agent1, mail.id, "Cancel")

    assert failure(2, answer.json())


@pytest.mark.parametrize("name", ["Accept", "Reject"])
async def test_oddity_03_what_is_called_empty_has_a_body(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.offered()

    answer = await ask_about(agent1, mail.id, name)

    assert (answer.status_code, answer.json()) == (200, WORDS)
    assert answer.headers["content-type"] == "application/json"


async def test_oddity_28_every_answer_is_json_that_a_strict_reader_takes(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    odd = 'quotes “” " \\ , and\u2028lines'
    mail = await gateway.accepted(mail=Email(subject=odd, text=odd), user_data={odd: [odd, None]})

    answer = await agent1.get(f"/api/v2/me/interactions/{mail.id}")

    interaction = json.loads(answer.content.decode(), parse_constant=pytest.fail)["interaction"]
    assert interaction["email_object"]["Text"] == odd
    assert interaction["userData"] == {odd: [odd, None]}


async def test_oddity_36_everybody_lists_everything_but_not_its_words(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mine, theirs = await gateway.accepted(), await gateway.accepted("agent2")

    listed = (await agent1.get("/api/v2/interactions?fields=*")).json()["interactions"]
    own = (await agent1.get(f"/api/v2/interactions/{mine.id}")).json()["interaction"]
    foreign = (await agent1.get(f"/api/v2/interactions/{theirs.id}")).json()["interaction"]

    assert {one["id"] for one in listed} == {mine.id, theirs.id}
    assert own["email_object"]["Text"] == "Hello\nbye"
    assert "Text" not in foreign["email_object"]
    assert "userData" not in foreign


async def test_oddity_40_a_list_with_fields_is_named_after_its_resource(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    whole = (await agent1.get("/api/v2/me/interactions?fields=*")).json()
    bare = (await agent1.get("/api/v2/me/interactions")).json()

    assert whole["statusCode"] == 0
    assert [one["id"] for one in whole["interactions"]] == [mail.id]
    assert bare == {
        "statusCode": 0,
        "uris": [f"{agent1.base_url}/api/v2/interactions/{mail.id}"],
    }
