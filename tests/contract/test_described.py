"""Every address of the description, read while there is something at it.

Each answer is compared with the description by the desktop, and so are all messages.
"""

import json
from typing import Any

import pytest

from services.gateway.notifications.topics import EMAILS
from services.gateway.rest.openapi.committed import COMMITTED
from shared.storage.database.client import Database
from tests.contract.agent_desktop import WORKBINS, AgentDesktop
from tests.contract.test_channels import CHANNELS

pytestmark = [pytest.mark.connected, pytest.mark.journey]

FOR_ADMINISTRATORS = {"/mailboxes", "/mailboxes/{address}", "/ucs/discarded"}
"""What agents may not read; `test_mailboxes.py` and `test_discarded.py` below
`tests/connected/gateway/rest` compare it."""

CUSTOMER = {"emailAddress": "ann@example.org"}
NEEDED = {
    "/me/interactions/events": {"since": "-2"},
    "/me/interactions/search": {"q": "invoice"},
    "/ucs/contacts": CUSTOMER,
}
"""Parameters without which an address answers nothing."""

READ = sorted(
    path
    for path, calls in json.loads(COMMITTED.read_text())["paths"].items()
    if "get" in calls and path not in FOR_ADMINISTRATORS
)


async def at_work(desktop: AgentDesktop) -> dict[str, str]:
    """Hold a mail and a draft, both with a file; return what stands in addresses."""
    mail = await desktop.accepted(X_File="yes")
    answer = await desktop.do(mail["id"], "Reply", queueName="drafts", quoteOriginal=True)
    draft = await desktop.hear("ReplyCreated", answer["replyInteractionId"])
    (document,) = mail["email_object"]["attachments"]
    page = {"structuredText": "<p>It is paid.</p>", "toAddress": "ann@example.org"}
    await desktop.do(draft["id"], "Save", email_object=page)
    await desktop.hear("ReplyCreated", draft["id"], "EmailSaved")
    user = (await desktop.client.get("/api/v2/me")).json()["user"]
    people = await desktop.client.get("/api/v2/ucs/contacts", params=CUSTOMER | {"fields": "*"})
    return {
        "contact": people.json()["contacts"][0]["id"],
        "mail": mail["id"],
        "draft": draft["id"],
        "attachment_id": document["id"],
        "user": user["id"],
    }


def addressed(path: str, held: dict[str, str]) -> str:
    """Return an address at which there is something."""
    ids = {"users": held["user"], "queues": "support", "skills": "english", "ucs": held["mail"]}
    if path.endswith("structured_text"):
        ids["ucs"] = held["draft"]
    if path.startswith("/ucs/contacts/"):
        ids["ucs"] = held["contact"]
    if path.startswith("/ucs/threads/"):
        ids["ucs"] = held["mail"]  # it has begun its thread
    parts = {
        "id": ids.get(path.split("/")[1], held["mail"]),
        "attachment_id": held["attachment_id"],
        "channel": "email",
        "workbin": "email.in-progress",
    }
    return f"/api/v2{path.format_map(parts)}"


async def test_every_address_answers_as_described(desktop: AgentDesktop, storage: Database) -> None:
    held = await at_work(desktop)
    await storage["agents"].update_many({}, {"$set": {"skills": {"english": 5}}})

    for path in READ:
        needed = NEEDED.get(path, {})
        for query in (needed, needed | {"fields": "*", "totalCount": "true"}):
            answer = await desktop.client.get(addressed(path, held), params=query)

            assert answer.status_code == 200, f"{path}: {answer.text}"
            if tag := answer.headers.get("etag"):
                # Answered by what is described, whether the address compares the tag or not.
                await desktop.client.get(answer.url, headers={"If-None-Match": tag})


async def test_drafts_and_sent_mails_are_read_as_described(desktop: AgentDesktop) -> None:
    held = await at_work(desktop)
    paths = [f"/api/v2/{one}/{held['draft']}" for one in ("interactions", "ucs/interactions")]
    await desktop.do(held["draft"], "Send", queueName="drafts")
    await desktop.hear("Sent", held["draft"])

    sent = [await desktop.client.get(path) for path in paths]

    assert [answer.status_code for answer in sent] == [200, 200]
    assert sent[0].json()["interaction"]["delivery"]["state"]


async def test_messages_of_every_topic_are_as_described(desktop: AgentDesktop) -> None:
    for topic in (EMAILS, CHANNELS):
        assert (await desktop.cometd.subscribe(topic))["successful"]
    held = await at_work(desktop)

    await desktop.do(held["draft"], "PlaceInWorkbin", workbin=["email.draft"])
    await desktop.hear("PlacedInWorkbin", held["draft"])
    await desktop.hear_on(WORKBINS)
    await desktop.do("any", "GetWorkbinContent", workbin={"workbinName": "email.draft"})
    content = await desktop.cometd.event(lambda one: "interactions" in one["data"])
    await desktop.do(held["mail"], "DeleteUserData", keys=["Subject"])
    await desktop.hear("Accepted", held["mail"], "PropertiesUpdated")

    assert [one["id"] for one in content["data"]["interactions"]] == [held["draft"]]
    assert (await desktop.hear_on(EMAILS))["email"]["uri"]
    assert (await desktop.hear_on(CHANNELS))["channels"]


@pytest.mark.parametrize("changed", ["Subject", "subject"])
async def test_mail_as_it_came_with_another_subject_is_saved(
    desktop: AgentDesktop, changed: str
) -> None:
    draft = await desktop.replied(subjectPrefix="Re: ")
    mail: dict[str, Any] = draft["email_object"] | {changed: "Invoice 17 is paid"}

    answer = await desktop.do(draft["id"], "Save", email_object=mail)

    assert answer == {"status": "ok", "statusCode": 0}
    saved = await desktop.hear("ReplyCreated", draft["id"], "EmailSaved")
    assert saved["email_object"]["Subject"] == "Invoice 17 is paid"
    unchanged = {"Subject", "subject"}
    assert {k: v for k, v in saved["email_object"].items() if k not in unchanged} == {
        k: v for k, v in draft["email_object"].items() if k not in unchanged
    }
