"""Rows of the oddities' table that only the services together can show."""

from typing import Any

import pytest

from tests.contract.agent_desktop import AgentDesktop

pytestmark = [pytest.mark.connected, pytest.mark.journey]


async def test_oddity_10_reply_names_the_original_and_has_its_own_id(
    desktop: AgentDesktop,
) -> None:
    mail = await desktop.accepted()

    answer = await desktop.do(mail["id"], "Reply", queueName="drafts")

    message = await desktop.hear("ReplyCreated")
    assert message["id"] == answer["replyInteractionId"] != mail["id"]
    assert message["parentInteractionId"] == mail["id"]


async def test_oddity_11_reply_all_copies_the_originals_cc_only(
    desktop: AgentDesktop,
) -> None:
    mail = await desktop.accepted(
        To="support@demo.example, carl@example.org", Cc="bo@example.org, cy@example.org"
    )

    await desktop.do(mail["id"], "ReplyAll", queueName="drafts")

    draft = (await desktop.hear("ReplyCreated"))["email_object"]
    assert draft["ToAddress"] == "ann@example.org"
    assert draft["CCAddresses"] == "bo@example.org,cy@example.org"


async def test_oddity_12_answer_is_from_the_mailbox_of_the_original(
    desktop: AgentDesktop,
) -> None:
    mail = await desktop.accepted(To="carl@example.org, support@demo.example, sales@else.example")

    await desktop.do(mail["id"], "Reply", queueName="drafts")

    draft = (await desktop.hear("ReplyCreated"))["email_object"]
    assert draft["FromAddress"] == "support@demo.example"


@pytest.mark.parametrize(("name", "quotes"), [("Reply", False), ("ReplyAll", True)])
async def test_oddity_13_only_a_reply_to_all_quotes_unasked(
    desktop: AgentDesktop, name: str, *, quotes: bool
) -> None:
    mail = await desktop.accepted()

    await desktop.do(mail["id"], name, queueName="drafts", indentCharacter="> ")

    text = (await desktop.hear("ReplyCreated"))["email_object"]["Text"]
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
@pytest.mark.usefixtures("other_desktop")
async def test_oddity_23_messages_without_a_sample_are_sent(
    desktop: AgentDesktop, begin: str, name: str, more: dict[str, Any], state: str, kind: str | None
) -> None:
    interaction_id = (await getattr(desktop, begin)())["id"]

    await desktop.do(interaction_id, name, **more)

    message = await desktop.hear(state, interaction_id, kind)
    assert message["capabilities"] == [] or state == "Accepted"


async def test_oddity_29_a_draft_was_received_when_it_was_begun(desktop: AgentDesktop) -> None:
    mail = await desktop.accepted()

    await desktop.do(mail["id"], "Reply", queueName="drafts")

    draft = await desktop.hear("ReplyCreated")
    assert draft["receivedAt"] > mail["receivedAt"]
    await desktop.do(draft["id"], "Save", email_object={"text": "later"})
    saved = await desktop.hear("ReplyCreated", kind="EmailSaved")
    assert saved["receivedAt"] == draft["receivedAt"]


async def test_oddity_32_redirect_completes_the_work_and_sends_the_mail(
    desktop: AgentDesktop,
) -> None:
    mail = await desktop.accepted()

    answer = await desktop.do(mail["id"], "Redirect", toAddress="bob@example.org")

    assert (await desktop.hear("Completed"))["id"] == mail["id"]
    assert (await desktop.hear("Sent"))["id"] == answer["interactionId"]
    view = (await desktop.client.get(f"/api/v2/ucs/interactions/{answer['interactionId']}")).json()
    assert (view["sub_type"], view["parent_id"]) == ("OutboundRedirect", mail["id"])


async def test_oddity_38_rejected_mail_is_offered_to_another_agent(
    desktop: AgentDesktop, other_desktop: AgentDesktop
) -> None:
    interaction_id = (await desktop.invited())["id"]
    await desktop.ready()
    await other_desktop.ready()

    await desktop.do(interaction_id, "Reject")

    assert (await other_desktop.hear("Invited"))["id"] == interaction_id


async def test_oddity_38_rejected_mail_returns_to_the_only_agent(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]
    await desktop.ready()

    await desktop.do(interaction_id, "Reject")

    assert (await desktop.hear("Rejected"))["id"] == interaction_id
    assert (await desktop.hear("Invited"))["id"] == interaction_id
