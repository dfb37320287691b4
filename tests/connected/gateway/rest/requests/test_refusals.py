"""Bad input: the right code, the body of both dialects, and nothing changed."""

import re
from datetime import timedelta
from typing import Any
from unittest.mock import MagicMock

import httpx2
import pytest
from starlette.routing import Route

from services.gateway.rest.routes import rest_router
from shared.domain.interaction import Email, Interaction
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

ACCEPT = {"operationName": "Accept"}
REPLY = {"operationName": "Reply", "queueName": "drafts"}
FORWARD = {"operationName": "Forward", "queueName": "drafts"}


async def post_body(client: httpx2.AsyncClient, mail: Interaction, body: Any) -> httpx2.Response:
    return await client.post(f"/api/v2/me/interactions/{mail.id}", json=body)


@pytest.mark.parametrize(
    ("body", "status_code", "http"),
    [
        (ACCEPT, 2, 409),
        ({"operationName": "Reject"}, 2, 409),
        ({"operationName": "Send", "email_object": {"toAddress": "a@b.example"}}, 2, 409),
        ({"operationName": "Cancel"}, 2, 409),
        ({"operationName": "Reply"}, 1, 400),
        ({"operationName": "Reply", "queueName": ""}, 1, 400),
        ({"operationName": "Reply", "queueName": None}, 1, 400),
        ({"operationName": "Reply", "queueName": "nowhere"}, 6, 404),
        ({"operationName": "Reply", "queueName": 7}, 10, 400),
        (REPLY | {"quoteOriginal": "perhaps"}, 10, 400),
        (REPLY | {"subjectPrefix": "Re:\r\nBcc: x@y.example"}, 10, 400),
        ({"operationName": "PlaceInQueue"}, 1, 400),
        ({"operationName": "PlaceInQueue", "queueName": "nowhere"}, 6, 404),
        ({"operationName": "Transfer"}, 1, 400),
        ({"operationName": "Transfer", "userId": "nobody"}, 6, 404),
        ({"operationName": "Transfer", "userId": "agent1"}, 10, 400),
        ({"operationName": "Transfer", "userId": "admin"}, 2, 409),
        ({"operationName": "UpdateUserData"}, 1, 400),
        ({"operationName": "UpdateUserData", "userData": "x"}, 10, 400),
        ({"operationName": "UpdateUserData", "userData": {"$x": 1}}, 10, 400),
        ({"operationName": "UpdateUserData", "userData": {"x": 2**64}}, 10, 400),
        ({"operationName": "UpdateUserData", "userData": {"x": "y" * 65_537}}, 10, 400),
        ({"operationName": "SetDisposition", "disposition": "x" * 999}, 10, 400),
        (
            {"operationName": "SetDisposition", "disposition": "x", "dispositionKey": "k" * 256},
            10,
            400,
        ),
        ({"operationName": "AddComment", "comment": "x" * 32_769}, 10, 400),
        (REPLY | {"subjectPrefix": "x" * 999}, 10, 400),
        (FORWARD | {"email_object": {"subject": "x" * 999}}, 10, 400),
        (FORWARD | {"email_object": {"cc": ["a@b.example"] * 501}}, 10, 400),
        (
            FORWARD | {"email_object": {"to": {"address": "a@b.example", "personal": "x" * 321}}},
            10,
            400,
        ),
        ({}, 1, 400),
        ({"operationName": ""}, 1, 400),
        ({"operationName": 7}, 10, 400),
        ({"operationName": "Dance"}, 3, 400),
        ({"operationName": "PlaceInWorkbin"}, 1, 400),
        ({"operationName": "PlaceInWorkbin", "workbin": "nowhere"}, 6, 404),
        ({"operationName": "PlaceInWorkbin", "workbin": 7}, 10, 400),
        ({"operationName": "PullInteraction"}, 2, 409),
        ({"operationName": "Save", "email_object": {"text": "x"}}, 2, 409),
        ({"operationName": "Forward"}, 1, 400),
        ({"operationName": "Redirect"}, 1, 400),
        ({"operationName": "Redirect", "toAddress": "support@demo.example"}, 10, 400),
        ({"operationName": "AddComment"}, 1, 400),
        ({"operationName": "SetDisposition"}, 1, 400),
        ({"operationName": "SetInFocus"}, 3, 403),
        ({"operationName": "Create", "queueName": "drafts"}, 3, 403),
        ([ACCEPT], 10, 400),
    ],
)
async def test_an_accepted_mail_refuses(
    gateway: Gateway, agent1: httpx2.AsyncClient, body: Any, status_code: int, http: int
) -> None:
    mail = await gateway.accepted()

    answer = await post_body(agent1, mail, body)

    assert (answer.status_code, answer.json()["statusCode"]) == (http, status_code)
    assert failure(status_code, answer.json())
    assert await gateway.unchanged(mail)


async def test_the_message_names_the_operation_and_the_state(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    answer = await post_body(agent1, mail, {"operationName": "Cancel"})

    assert answer.json() == {
        "statusCode": 2,
        "statusMessage": "Cancel is not possible in state Accepted",
        "status": "error",
        "errorDescription": "Cancel is not possible in state Accepted",
    }


async def test_a_reply_to_what_is_only_offered_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered()

    answer = await post_body(agent1, mail, REPLY)

    assert (answer.status_code, answer.json()["statusCode"]) == (409, 2)
    assert await gateway.unchanged(mail)


async def test_an_offer_that_has_ended_cannot_be_accepted(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered()
    gateway.backend.clock.move(timedelta(seconds=30))

    answer = await post_body(agent1, mail, ACCEPT)

    assert (answer.status_code, answer.json()["statusCode"]) == (409, 2)
    assert await gateway.unchanged(mail)


async def test_offer_to_another_agent_cannot_be_accepted(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered("agent2")

    answer = await post_body(agent1, mail, ACCEPT)

    assert answer.status_code == 403
    assert failure(5, answer.json())
    assert await gateway.unchanged(mail)


@pytest.mark.parametrize(
    "name", ["Complete", "Reply", "Transfer", "PlaceInQueue", "DeleteUserData"]
)
async def test_the_work_of_somebody_else_is_left_alone(
    gateway: Gateway, agent1: httpx2.AsyncClient, name: str
) -> None:
    mail = await gateway.accepted("agent2")

    answer = await post_body(agent1, mail, {"operationName": name, "queueName": "sales"})

    assert (answer.status_code, answer.json()["statusCode"]) == (403, 5)
    assert await gateway.unchanged(mail)


async def test_an_unknown_interaction_is_not_found(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.post("/api/v2/me/interactions/0000000000000000", json=ACCEPT)

    assert answer.status_code == 404
    assert failure(6, answer.json())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"operationName":"Accept"',
        b"\xff\xfe",
        b'{"operationName":"Accept","x":NaN}',
        b'{"operationName":"Accept","x":"\\ud800"}',
        b'{"operationName":"Accept","x":' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 100_000,
    ],
)
async def test_body_that_is_not_json_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, content: bytes
) -> None:
    mail = await gateway.offered()

    answer = await agent1.post(f"/api/v2/me/interactions/{mail.id}", content=content)

    assert answer.status_code == 400
    assert failure(10, answer.json())
    assert await gateway.unchanged(mail)


async def test_a_body_that_is_too_large_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered()

    answer = await agent1.post(
        f"/api/v2/me/interactions/{mail.id}", content=b"x" * (2 * 1024 * 1024 + 1)
    )

    assert answer.status_code == 413
    assert failure(10, answer.json())
    assert await gateway.unchanged(mail)


@pytest.mark.parametrize(
    ("mail_object", "status_code"),
    [
        ({"toAddress": "", "ccAddress": "", "bccAddress": ""}, 1),
        ({"toAddress": "nobody"}, 10),
        ({"toAddress": "a@b.example\r\nBcc: c@d.example"}, 10),
        ({"toAddress": "a@b.example", "subject": "x\nBcc: y@z.example"}, 10),
        ({"toAddress": "a@b.example", "fromAddress": "boss@bank.example"}, 10),
        ({"toAddress": ["a@b.example", 7]}, 10),
        ({"toAddress": "a@b.example", "text": {"x": 1}}, 10),
    ],
)
async def test_a_draft_is_not_sent_with(
    gateway: Gateway, agent1: httpx2.AsyncClient, mail_object: dict[str, Any], status_code: int
) -> None:
    draft = await gateway.drafted()

    answer = await post_body(agent1, draft, {"operationName": "Send", "email_object": mail_object})

    assert (answer.status_code, answer.json()["statusCode"]) == (400, status_code)
    assert await gateway.unchanged(draft)


async def test_a_draft_without_recipient_is_not_sent(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(mail=Email(subject="Re: x"))

    answer = await post_body(agent1, draft, {"operationName": "Send", "queueName": "drafts"})

    assert answer.status_code == 400
    assert failure(1, answer.json())
    assert await gateway.unchanged(draft)


async def test_an_address_where_nothing_is_answers_in_both_dialects(
    agent1: httpx2.AsyncClient,
) -> None:
    answer = await agent1.get("/api/v2/me/nothing")

    assert answer.status_code == 404
    assert failure(6, answer.json())


def served() -> dict[str, set[str]]:
    """Return the methods of every address, by its path with some id in it."""
    found: dict[str, set[str]] = {"/openapi.json": {"GET", "HEAD"}, "/docs": {"GET", "HEAD"}}
    for route in rest_router(MagicMock()).routes:
        assert isinstance(route, Route)
        path = re.sub(r"{\w+(:path)?}", "x", route.path)
        found.setdefault(path, set()).update(route.methods or {"GET", "HEAD"})
    return found


def allowed(answer: httpx2.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(("path", "methods"), served().items())
async def test_method_that_is_not_served_is_told_which_are(
    agent1: httpx2.AsyncClient, path: str, methods: set[str]
) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} - methods:
        answer = await agent1.request(method, f"/api/v2{path}")

        assert answer.status_code == 405
        assert allowed(answer) == methods | {"OPTIONS"}


async def test_a_method_that_is_not_offered_says_so(agent1: httpx2.AsyncClient) -> None:
    answer = await agent1.delete("/api/v2/me/channels")

    assert answer.status_code == 405
    assert failure(3, answer.json())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_the_list_of_events_is_no_interaction(
    agent1: httpx2.AsyncClient, method: str
) -> None:
    answer = await agent1.request(method, "/api/v2/me/interactions/events", json=ACCEPT)

    assert answer.status_code == 405
    assert allowed(answer) == {"GET", "HEAD", "OPTIONS"}
    assert failure(3, answer.json())


async def test_an_administrator_who_is_no_agent_has_no_desk(gateway: Gateway) -> None:
    admin = await gateway.client("admin")

    answer = await admin.get("/api/v2/me/interactions")

    assert answer.status_code == 403
    assert failure(5, answer.json())
