"""Rows of the oddities' table that only the services together can show."""

from typing import Any

import pytest

from tests.contract.desk import Desk

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_oddity_10_a_reply_points_at_the_original_and_has_an_id_of_its_own(
    desk: Desk,
) -> None:
    mail = await desk.accepted()

    answer = await desk.do(mail["id"], "Reply", queueName="drafts")

    message = await desk.hear("ReplyCreated")
    assert message["id"] == answer["replyInteractionId"] != mail["id"]
    assert message["parentInteractionId"] == mail["id"]


async def test_oddity_11_a_reply_to_all_copies_those_who_were_copied_and_no_other(
    desk: Desk,
) -> None:
    mail = await desk.accepted(
        To="support@demo.example, carl@example.org", Cc="bo@example.org, cy@example.org"
    )

    await desk.do(mail["id"], "ReplyAll", queueName="drafts")

    draft = (await desk.hear("ReplyCreated"))["email_object"]
    assert draft["ToAddress"] == "ann@example.org"
    assert draft["CCAddresses"] == "bo@example.org,cy@example.org"


async def test_oddity_12_an_answer_comes_from_the_mailbox_that_the_mail_came_to(
    desk: Desk,
) -> None:
    mail = await desk.accepted(To="carl@example.org, support@demo.example, sales@else.example")

    await desk.do(mail["id"], "Reply", queueName="drafts")

    draft = (await desk.hear("ReplyCreated"))["email_object"]
    assert draft["FromAddress"] == "support@demo.example"


@pytest.mark.parametrize(("name", "quotes"), [("Reply", False), ("ReplyAll", True)])
async def test_oddity_13_only_a_reply_to_all_quotes_unasked(
    desk: Desk, name: str, *, quotes: bool
) -> None:
    mail = await desk.accepted()

    await desk.do(mail["id"], name, queueName="drafts", indentCharacter="> ")

    text = (await desk.hear("ReplyCreated"))["email_object"]["Text"]
    assert text == ("> Hello\n> bye" if quotes else "")


@pytest.mark.parametrize(
    ("begin", "name", "more", "state", "kind"),
    [
        ("invited", "Reject", {}, "Rejected", "StatusChange"),
        ("accepted", "Complete", {}, "Completed", "StatusChange"),
        ("accepted", "PlaceInQueue", {"queueName": "sales"}, "PlacedInQueue", "StatusChange"),
        ("accepted", "PlaceInWorkbin", {"workbin": "email.draft"}, "PlacedInWorkbin", None),
        ("accepted", "Transfer", {"userName": "agent2"}, "Transferred", "StatusChange"),
        ("accepted", "AttachUserData", {"userData": {"a": 1}}, "Accepted", "PropertiesUpdated"),
        ("replied", "Cancel", {}, "Canceled", "StatusChange"),
        ("replied", "Send", {"queueName": "drafts"}, "Sent", "StatusChange"),
    ],
)
@pytest.mark.usefixtures("other")
async def test_oddity_23_what_the_seeds_promise_in_words_is_told(
    desk: Desk, begin: str, name: str, more: dict[str, Any], state: str, kind: str | None
) -> None:
    interaction_id = (await getattr(desk, begin)())["id"]

    await desk.do(interaction_id, name, **more)

    message = await desk.hear(state, interaction_id, kind)
    assert message["capabilities"] == [] or state == "Accepted"


async def test_oddity_29_a_draft_was_received_when_it_was_begun(desk: Desk) -> None:
    mail = await desk.accepted()

    await desk.do(mail["id"], "Reply", queueName="drafts")

    draft = await desk.hear("ReplyCreated")
    assert draft["receivedAt"] > mail["receivedAt"]
    await desk.do(draft["id"], "Save", email_object={"text": "later"})
    saved = await desk.hear("ReplyCreated", kind="EmailSaved")
    assert saved["receivedAt"] == draft["receivedAt"]


async def test_oddity_32_a_redirect_ends_the_work_and_sends_the_mail_on(desk: Desk) -> None:
    mail = await desk.accepted()

    answer = await desk.do(mail["id"], "Redirect", toAddress="bob@example.org")

    assert (await desk.hear("Completed"))["id"] == mail["id"]
    assert (await desk.hear("Sent"))["id"] == answer["interactionId"]
    view = (await desk.client.get(f"/api/v2/ucs/interactions/{answer['interactionId']}")).json()
    assert (view["sub_type"], view["parent_id"]) == ("OutboundRedirect", mail["id"])


async def test_oddity_38_what_one_rejects_is_offered_to_another(desk: Desk, other: Desk) -> None:
    interaction_id = (await desk.invited())["id"]
    await desk.ready()
    await other.ready()

    await desk.do(interaction_id, "Reject")

    assert (await other.hear("Invited"))["id"] == interaction_id


async def test_oddity_38_who_is_alone_is_offered_it_again(desk: Desk) -> None:
    interaction_id = (await desk.invited())["id"]
    await desk.ready()

    await desk.do(interaction_id, "Reject")

    assert (await desk.hear("Rejected"))["id"] == interaction_id
    assert (await desk.hear("Invited"))["id"] == interaction_id
