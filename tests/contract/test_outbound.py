"""Every message about a mail that an agent writes, with all of its fields."""

import asyncio
from email import message_from_bytes, policy

import pytest

from tests.contract.agent_desktop import AgentDesktop
from tests.contract.shapes import ID, accepted, gone, reply_created

pytestmark = [pytest.mark.connected, pytest.mark.journey]

QUOTED = {
    "subjectPrefix": "Re: ",
    "replyToStartLine": "Ann wrote:",
    "indentCharacter": "> ",
    "queueName": "drafts",
}


async def test_reply_created(desktop: AgentDesktop) -> None:
    mail = await desktop.accepted()

    answer = await desktop.do(mail["id"], "Reply", quoteOriginal=True, **QUOTED)

    new_id = answer["replyInteractionId"]
    assert answer == {
        "status": "ok",
        "statusCode": 0,
        "replyInteractionId": new_id,
        "interactionId": new_id,
    }
    message = await desktop.hear("ReplyCreated")
    html = message["email_object"]["StructuredText"]
    assert message == reply_created(
        new_id,
        mail={"Text": "Ann wrote:\n> Hello\n> bye", "StructuredText": html},
        parentInteractionId=mail["id"],
        threadId=mail["threadId"],
    )
    assert await desktop.listed(mail["id"]) == {
        name: value for name, value in accepted(mail["id"]).items() if name != "position"
    }


async def test_reply_created_to_all(desktop: AgentDesktop) -> None:
    mail = await desktop.accepted(Cc="Bo <bo@example.org>, support@demo.example")

    await desktop.do(mail["id"], "ReplyAll", quoteOriginal=False, **QUOTED)

    message = await desktop.hear("ReplyCreated")
    assert message == reply_created(message["id"], mail={"CCAddresses": "bo@example.org"})


async def test_reply_created_of_a_new_mail(desktop: AgentDesktop) -> None:
    message = await desktop.create(interactionType="Outbound", interactionSubType="OutboundNew")

    expected = reply_created(
        ID,
        mail={"ToAddress": "", "subject": "", "Subject": "", "interactionId": message["id"]},
        interactionSubType="OutboundNew",
        threadId=message["id"],
    )
    del expected["parentInteractionId"]
    assert message == expected


async def test_email_saved(desktop: AgentDesktop) -> None:
    draft = await desktop.replied(subjectPrefix="Re: ")

    await desktop.do(draft["id"], "Save", email_object={"text": "so far"})

    message = await desktop.hear("ReplyCreated", kind="EmailSaved")
    assert message == reply_created(draft["id"], "EmailSaved", mail={"Text": "so far"})


async def test_properties_updated_by_putting_the_draft(desktop: AgentDesktop) -> None:
    draft = await desktop.replied(subjectPrefix="Re: ")

    answer = await desktop.client.put(
        f"/api/v2/interactions/{draft['id']}", json={"email_object": {"text": "so far"}}
    )

    assert answer.json() == {"statusCode": 0, "status": "ok"}
    message = await desktop.hear("ReplyCreated", kind="PropertiesUpdated")
    assert message == reply_created(draft["id"], "PropertiesUpdated", mail={"Text": "so far"})


async def test_attachment_added_and_removed(desktop: AgentDesktop) -> None:
    draft = await desktop.replied(subjectPrefix="Re: ")
    path = f"/api/v2/me/interactions/{draft['id']}/attachments"

    added = await desktop.client.post(path, files=[("attachment", ("a.txt", b"a", "text/plain"))])

    file_id = added.json()["documentId"]
    assert added.json() == {"statusCode": 0, "documentId": ID, "status": "ok"}
    kinds = {"mimetype": "text/plain", "mime": "text/plain"}
    files = [{"id": file_id, "name": "a.txt", "size": 1, **kinds}]
    message = await desktop.hear("ReplyCreated", kind="AttachmentAdded")
    assert message == reply_created(draft["id"], "AttachmentAdded", mail={"attachments": files})

    removed = await desktop.client.delete(f"{path}/{file_id}")

    assert removed.json() == {"statusCode": 0, "status": "ok"}
    message = await desktop.hear("ReplyCreated", kind="AttachmentRemoved")
    assert message == reply_created(draft["id"], "AttachmentRemoved")


async def test_canceled(desktop: AgentDesktop) -> None:
    draft = await desktop.replied(subjectPrefix="Re: ")

    assert await desktop.do(draft["id"], "Cancel") == {"status": 0, "statusCode": 0}

    assert await desktop.hear("Canceled") == gone(draft["id"], "Canceled", "Re: Invoice 17")


async def test_sent(desktop: AgentDesktop) -> None:
    draft = await desktop.replied(subjectPrefix="Re: ")
    mail = {
        "toAddress": "ann@example.org",
        "subject": "Your invoice",
        "text": "Paid.",
        "fromAddress": "support@demo.example",
        "bccAddress": "boss@example.org",
    }

    answer = await desktop.do(draft["id"], "Send", queueName="drafts", email_object=mail)

    assert answer == {"status": "ok", "statusCode": 0}
    assert await desktop.hear("Sent") == gone(draft["id"], "Sent", "Your invoice")
    async with asyncio.timeout(20):
        while True:
            sent = await desktop.system.sink.arrivals.get()
            message = message_from_bytes(sent.file.read_bytes(), policy=policy.default)
            if message["Subject"] == "Your invoice":
                break
    assert sent.recipients == ("ann@example.org", "boss@example.org")


async def test_sent_and_the_original_completed(desktop: AgentDesktop) -> None:
    draft = await desktop.replied()

    await desktop.do(draft["id"], "Send", queueName="drafts", completeParent=True)

    parent = draft["parentInteractionId"]
    assert await desktop.hear("Completed") == gone(parent, "Completed")
    assert (await desktop.hear("Sent"))["id"] == draft["id"]
