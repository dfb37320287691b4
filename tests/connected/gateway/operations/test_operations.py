"""The gateway's answers to operations, and the commands that it publishes."""

from typing import Any

import httpx2
import pytest

from shared.domain.interaction import Interaction
from tests.support.gateway import Gateway, failure
from tests.support.rest import ask_about

pytestmark = pytest.mark.connected

OK = {"status": "ok", "statusCode": 0}
ZERO = {"statusCode": 0, "status": "ok"}


async def taken(client: httpx2.AsyncClient, mail: Interaction, name: str, **more: Any) -> Any:
    """Ask for an operation that has to be taken, and return the body of the answer."""
    answer = await ask_about(client, mail.id, name, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["/me/interactions/{}", "/api/v2/me/interactions/{}/"])
async def test_accept_is_handed_to_routing(
    gateway: Gateway, agent1: httpx2.AsyncClient, path: str
) -> None:
    mail = await gateway.offered()

    answer = await agent1.post(path.format(mail.id), json={"operationName": "Accept"})

    assert (answer.status_code, answer.text) == (200, '{"status":"ok","statusCode":0}')
    assert await gateway.command() == {
        "address": "routing.accept-invitation.v1",
        "type": "accept-invitation",
        "interaction_id": mail.id,
        "agent_id": "agent1",
        "expected_version": None,
        "asked_as": "Accept",
    }


async def test_reject_is_handed_to_routing(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.offered()

    assert await taken(agent1, mail, "Reject") == OK

    assert (await gateway.command())["address"] == "routing.reject-invitation.v1"


async def test_more_time_is_asked_of_routing(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.offered()

    assert await taken(agent1, mail, "ExtendInvitation") == OK

    assert (await gateway.command())["address"] == "routing.extend-invitation.v1"


async def test_extended_offer_is_not_extended_again(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered(extensions=1)
    path = f"/api/v2/me/interactions/{mail.id}"

    answer = await agent1.post(path, json={"operationName": "ExtendInvitation"})

    assert (answer.status_code, failure(2, answer.json())) == (409, True)
    assert (await agent1.get(path)).json()["interaction"]["extendedCapabilities"] == []
    assert await gateway.unchanged(mail)


@pytest.mark.parametrize("name", ["Complete", "StopProcessing"])
async def test_complete_goes_by_two_names(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.accepted()

    answer = await taken(agent1, mail, name)

    assert list(answer.items()) == list(ZERO.items())
    assert (await gateway.command())["address"] == "routing.complete-interaction.v1"


@pytest.mark.parametrize(
    ("name", "given", "quotes"),
    [("Reply", {}, False), ("ReplyAll", {}, True), ("Reply", {"quoteOriginal": "true"}, True)],
)
async def test_a_reply_has_its_id_before_it_exists(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str, given: dict[str, Any], quotes: bool
) -> None:
    mail = await gateway.accepted()

    answer = await taken(
        agent1, mail, name, queueName="drafts", subjectPrefix="Re: ", indentCharacter="> ", **given
    )

    reply_id = answer["replyInteractionId"]
    assert answer == {**OK, "replyInteractionId": reply_id, "interactionId": reply_id}
    assert await gateway.command() == {
        "address": "composition.draft-reply.v1",
        "type": "draft-reply",
        "interaction_id": mail.id,
        "agent_id": "agent1",
        "expected_version": None,
        "asked_as": name,
        "reply_id": reply_id,
        "queue": "drafts",
        "to_all": name == "ReplyAll",
        "quote_original": quotes,
        "subject_prefix": "Re: ",
        "start_line": "",
        "indent": "> ",
    }


async def test_send_carries_what_the_agent_wrote(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    mail = {
        "toAddress": "Ann <ann@example.org>, bob@example.org",
        "CCAddresses": [{"address": "eve@example.org", "personal": "Eve"}],
        "fromAddress": "support@demo.example",
        "Subject": "Re: Invoice 17",
        "text": "Paid.",
    }

    assert await taken(agent1, draft, "Send", queueName="drafts", email_object=mail) == OK

    command = await gateway.command()
    assert (command["address"], command["queue"]) == ("composition.submit-draft.v1", "drafts")
    assert command["edits"] == {
        "to": [
            {"address": "ann@example.org", "personal": "Ann"},
            {"address": "bob@example.org", "personal": ""},
        ],
        "cc": [{"address": "eve@example.org", "personal": "Eve"}],
        "bcc": None,
        "sender": {"address": "support@demo.example", "personal": "Demo Support"},
        "subject": "Re: Invoice 17",
        "text": "Paid.",
        "html": None,
    }


async def test_send_may_complete_what_is_answered(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(parent_id="0000000000000001")

    assert await taken(agent1, draft, "Send", queueName="drafts", completeParent="true") == OK

    assert (await gateway.command())["complete_parent"] is True


async def test_there_is_nothing_to_complete_where_nothing_is_answered(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await agent1.post(
        f"/me/interactions/{draft.id}", json={"operationName": "Send", "completeParent": True}
    )

    assert failure(10, answer.json())
    assert await gateway.unchanged(draft)


async def test_cancel_answers_with_a_number(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    draft = await gateway.drafted()

    assert await taken(agent1, draft, "Cancel") == {"status": 0, "statusCode": 0}

    assert (await gateway.command())["address"] == "composition.cancel-draft.v1"


async def test_a_mail_goes_to_another_queue(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.accepted()

    assert await taken(agent1, mail, "PlaceInQueue", queueName="sales") == OK

    command = await gateway.command()
    assert (command["address"], command["queue"]) == ("routing.place-in-queue.v1", "sales")


@pytest.mark.parametrize(
    ("name", "target"),
    [("Transfer", {"userId": "agent2"}), ("SingleStepTransfer", {"userName": "agent2"})],
)
async def test_a_mail_goes_to_another_agent(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str, target: dict[str, str]
) -> None:
    mail = await gateway.accepted()

    assert await taken(agent1, mail, name, **target) == ZERO

    assert (await gateway.command())["to_agent_id"] == "agent2"


async def test_user_data_is_put_and_removed(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.accepted()
    gone = {"a": 1, "b": {"c": 2}, "absent": None}

    assert await taken(agent1, mail, "AttachUserData", userData={"x": {"y": [1, "ü"]}}) == OK
    assert await taken(agent1, mail, "DeleteUserData", userData=gone) == OK

    assert (await gateway.command())["put"] == {"x": {"y": [1, "ü"]}}
    assert (await gateway.command())["remove"] == {"a": [], "b": ["c"], "absent": []}
