"""Requests that every implementation should refuse, and the code of the refusal."""

from typing import Any

import httpx2
import pytest

from tests.contract.agent_desktop import AgentDesktop
from tests.contract.shapes import gone
from tests.support.gateway import failure

pytestmark = [pytest.mark.connected, pytest.mark.journey]


def refused(answer: httpx2.Response, http: int, status_code: int) -> bool:
    """Say whether an answer is a failure of these codes, in both dialects."""
    return answer.status_code == http and failure(status_code, answer.json())


async def test_accept_twice(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    assert refused(await desktop.ask(interaction_id, "Accept"), 409, 2)


async def test_accept_after_the_deadline(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]

    assert await desktop.hear("Revoked") == gone(interaction_id, "Revoked")
    assert refused(await desktop.ask(interaction_id, "Accept"), 409, 2)


async def test_accept_by_another_agent(desktop: AgentDesktop, other_desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]

    assert refused(await other_desktop.ask(interaction_id, "Accept"), 403, 5)

    await desktop.do(interaction_id, "Accept")
    assert (await desktop.hear("Accepted"))["id"] == interaction_id


async def test_reply_without_queue_name(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    assert refused(await desktop.ask(interaction_id, "Reply", quoteOriginal=True), 400, 1)


async def test_reply_to_a_mail_that_is_only_offered(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.invited())["id"]

    assert refused(await desktop.ask(interaction_id, "Reply", queueName="drafts"), 409, 2)


async def test_send_without_any_recipient(desktop: AgentDesktop) -> None:
    draft = await desktop.create()

    answer = await desktop.ask(draft["id"], "Send", email_object={"subject": "x", "text": "y"})

    assert refused(answer, 400, 1)
    assert (await desktop.listed(draft["id"]))["state"] == "ReplyCreated"


async def test_send_on_a_mail_that_arrived(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    answer = await desktop.ask(interaction_id, "Send", email_object={"toAddress": "a@b.example"})

    assert refused(answer, 409, 2)


async def test_place_in_an_unknown_queue(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    assert refused(await desktop.ask(interaction_id, "PlaceInQueue", queueName="nowhere"), 404, 6)


@pytest.mark.parametrize(
    ("body", "status_code"),
    [({}, 1), ({"operationName": ""}, 1), ({"operationName": "Dance"}, 3)],
)
async def test_operation_name_missing_or_unknown(
    desktop: AgentDesktop, body: dict[str, Any], status_code: int
) -> None:
    interaction_id = (await desktop.accepted())["id"]

    answer = await desktop.client.post(f"/api/v2/me/interactions/{interaction_id}", json=body)

    assert refused(answer, 400, status_code)


async def test_upload_under_another_name(desktop: AgentDesktop) -> None:
    draft = await desktop.create()

    answer = await desktop.client.post(
        f"/api/v2/me/interactions/{draft['id']}/attachments",
        files=[("file", ("a.txt", b"a", "text/plain"))],
    )

    assert refused(answer, 400, 1)
    assert (await desktop.listed(draft["id"]))["email_object"]["attachments"] == []


async def test_delete_of_a_file_that_arrived(desktop: AgentDesktop) -> None:
    mail = await desktop.accepted(X_File="yes")
    (file,) = mail["email_object"]["attachments"]
    path = f"/api/v2/me/interactions/{mail['id']}/attachments/{file['id']}"

    assert refused(await desktop.client.delete(path), 403, 3)
    assert (await desktop.client.get(path)).content == b"scanned"


async def test_get_of_a_file_through_a_foreign_interaction(
    desktop: AgentDesktop, other_desktop: AgentDesktop
) -> None:
    mail = await desktop.accepted(X_File="yes")
    (file,) = mail["email_object"]["attachments"]
    draft = await other_desktop.create()

    through_draft = await other_desktop.client.get(
        f"/api/v2/me/interactions/{draft['id']}/attachments/{file['id']}"
    )
    through_mail = await other_desktop.client.get(
        f"/api/v2/me/interactions/{mail['id']}/attachments/{file['id']}"
    )

    assert refused(through_draft, 404, 6)
    assert refused(through_mail, 404, 6)


async def test_deleting_a_key_that_is_not_there_is_no_error(desktop: AgentDesktop) -> None:
    mail = await desktop.accepted()

    answer = await desktop.do(mail["id"], "DeleteUserData", userData={"absent": 1})

    assert answer == {"status": "ok", "statusCode": 0}
    message = await desktop.hear("Accepted", kind="PropertiesUpdated")
    assert message["userData"] == mail["userData"]


async def test_cancel_on_a_mail_that_arrived_names_the_state(desktop: AgentDesktop) -> None:
    interaction_id = (await desktop.accepted())["id"]

    answer = await desktop.ask(interaction_id, "Cancel")

    assert answer.json() == {
        "statusCode": 2,
        "statusMessage": "Cancel is not possible in state Accepted",
        "status": "error",
        "errorDescription": "Cancel is not possible in state Accepted",
    }
