"""Rows about user data, and about names and types that differ from place to place."""

from typing import Any

import httpx2
import pytest

from shared.domain.interaction import Attachment, Email
from tests.connected.gateway.oddities.asking import OK, seen
from tests.support.gateway import Gateway
from tests.support.rest import ask, ask_about

pytestmark = pytest.mark.connected


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


async def test_oddity_37_user_data_is_shown_without_binary_values(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted(user_data={"a": b"\x00", "b": {"c": b"\xff", "d": 1}})

    seen = (await agent1.get(f"/api/v2/me/interactions/{mail.id}")).json()["interaction"]

    assert seen["userData"] == {"b": {"d": 1}}


@pytest.mark.parametrize(
    "spelling",
    ["toAddress", "ToAddress", "toAddresses", "TOADDRESS", "to"],
)
@pytest.mark.parametrize("around", ["email_object", "email"])
async def test_oddity_19_what_is_sent_may_be_spelled_in_any_way(
    gateway: Gateway, agent1: httpx2.AsyncClient, spelling: str, around: str
) -> None:
    draft = await gateway.drafted()
    mail = {spelling: "ann@example.org", "SUBJECT": "Re: x", "Text": "y"}

    answer = await ask_about(agent1, draft.id, "Send", **{around: mail})

    assert answer.json() == OK
    edits = (await gateway.command())["edits"]
    assert edits["to"] == [{"address": "ann@example.org", "personal": ""}]
    assert (edits["subject"], edits["text"]) == ("Re: x", "y")


@pytest.mark.parametrize("state", ["offered", "accepted", "drafted"])
async def test_oddity_19_what_is_shown_has_the_subject_in_both_spellings(
    gateway: Gateway, agent1: httpx2.AsyncClient, state: str
) -> None:
    mail = await getattr(gateway, state)()

    shown = (await seen(agent1, mail.id))["email_object"]

    assert shown["subject"] == shown["Subject"] == "Invoice 17"


@pytest.mark.parametrize(
    ("in_reply_to", "reference_id"), [("<1@example.org>", None), ("<17>", 17), ("", None)]
)
async def test_oddity_20_a_reference_is_shown_only_where_it_is_a_number(
    gateway: Gateway, agent1: httpx2.AsyncClient, in_reply_to: str, reference_id: int | None
) -> None:
    mail = Email(subject="x", in_reply_to=in_reply_to, message_id="<2@demo.example>")
    draft = await gateway.drafted(mail=mail)

    view = (await agent1.get(f"/api/v2/ucs/interactions/{draft.id}")).json()

    assert view.get("reference_id") == reference_id
    assert view["external_id"] == "<2@demo.example>"


async def test_oddity_30_a_file_has_its_type_under_both_names_and_a_size_that_is_a_number(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    scan = Attachment("00009A8T8Y13002S", "scan.pdf", 9, "application/pdf")
    mail = await gateway.accepted(mail=Email(subject="x", attachments=(scan,)))

    (file,) = (await seen(agent1, mail.id))["email_object"]["attachments"]

    assert file == {
        "id": "00009A8T8Y13002S",
        "name": "scan.pdf",
        "size": 9,
        "mimetype": "application/pdf",
        "mime": "application/pdf",
    }


@pytest.mark.parametrize("spelling", ["Outbound", "outbound", "OUTBOUND"])
async def test_oddity_39_a_type_may_be_written_in_any_case(
    gateway: Gateway, agent1: httpx2.AsyncClient, spelling: str
) -> None:
    answer = await ask(
        agent1, "/me/interactions/", "Create", queueName="drafts", interactionType=spelling
    )

    assert answer.status_code == 200
    await gateway.command()


async def test_oddity_39_an_entity_is_of_a_listed_type(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail, draft = await gateway.accepted(), await gateway.drafted()

    views = [
        (await agent1.get(f"/api/v2/ucs/interactions/{one.id}")).json() for one in (mail, draft)
    ]

    assert [(one["entity_type"], one["type"]) for one in views] == [(0, "Inbound"), (1, "Outbound")]
