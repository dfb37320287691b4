"""`Idempotency-Key`: a repeated request is done once, and its answer is replayed."""

import asyncio
from itertools import count
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.errors import CODES, RequestError, Situation
from services.gateway.rest.idempotency import IdempotencyMiddleware
from services.gateway.rest.idempotency_store import IdempotencyStore
from shared.domain.interaction import Interaction
from tests.support.gateway import Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

REPLY = {"operationName": "Reply", "queueName": "drafts"}
ACCEPT = {"operationName": "Accept"}


async def post_with_key(
    client: httpx2.AsyncClient, mail: Interaction, body: Any, key: str
) -> httpx2.Response:
    return await client.post(
        f"/api/v2/me/interactions/{mail.id}", json=body, headers={"Idempotency-Key": key}
    )


async def test_repeated_key_replays_the_answer_without_a_command(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    first = await post_with_key(agent1, mail, REPLY, "once")
    again = await post_with_key(agent1, mail, REPLY, "once")

    assert first.json()["replyInteractionId"]
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    await gateway.command()
    assert gateway.commands.empty()


async def test_a_refusal_is_repeated_too(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.accepted()

    first = await post_with_key(agent1, mail, ACCEPT, "refused")
    again = await post_with_key(agent1, mail, ACCEPT, "refused")

    assert (first.status_code, again.status_code) == (409, 409)
    assert again.headers["idempotent-replayed"] == "true"
    assert failure(2, again.json())


@pytest.mark.parametrize(
    "situation",
    [Situation.TOO_SLOW, Situation.TOO_MANY_REQUESTS, Situation.UNAVAILABLE, Situation.INTERNAL],
)
async def test_temporary_failure_is_not_replayed(gateway: Gateway, situation: Situation) -> None:
    times = count(1)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if next(times) == 1:
            raise RequestError(situation, "not now")
        await Response("done")(scope, receive, send)

    repeating = IdempotencyMiddleware(
        application,
        IdempotencyStore(gateway.backend.database),
        MagicMock(authenticate=AsyncMock(return_value=MagicMock(user_id="agent1"))),
        gateway.backend.clock,
        max_body=1000,
        read_form=MagicMock(),
        always_200=False,
    )

    async def entrance(scope: Scope, receive: Receive, send: Send) -> None:
        await repeating.serve(scope, receive, send, lambda error, _: as_told(error))

    transport = httpx2.ASGITransport(app=entrance)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        key = {"Idempotency-Key": f"later {situation}"}
        first = await client.post("/x", headers=key)
        second = await client.post("/x", headers=key)
        third = await client.post("/x", headers=key)

    assert first.status_code == CODES[situation].http
    assert (second.text, third.text) == ("done", "done")
    assert next(times) == 3


def as_told(error: Exception) -> RequestError:
    assert isinstance(error, RequestError)
    return error


async def test_a_key_belongs_to_one_request(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.accepted()
    await post_with_key(agent1, mail, REPLY, "mine")
    await gateway.command()

    answer = await post_with_key(agent1, mail, REPLY | {"subjectPrefix": "Re: "}, "mine")

    assert answer.status_code == 422
    assert failure(10, answer.json())
    assert gateway.commands.empty()


async def test_keys_of_other_agents_and_other_addresses_are_others(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mine, second = await gateway.accepted(), await gateway.accepted()
    theirs = await gateway.accepted("agent2")
    agent2 = await gateway.client("agent2")

    answers = [
        await post_with_key(agent1, mine, REPLY, "common"),
        await post_with_key(agent1, second, REPLY, "common"),
        await post_with_key(agent2, theirs, REPLY, "common"),
    ]

    assert len({answer.json()["replyInteractionId"] for answer in answers}) == 3


async def test_keys_of_other_methods_are_others(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail, key = await gateway.accepted(), {"Idempotency-Key": "both"}
    path = f"/api/v2/me/interactions/{mail.id}"

    posted = await agent1.post(path, json=REPLY, headers=key)
    deleted = await agent1.delete(path, headers=key)

    assert (posted.status_code, deleted.status_code) == (200, 405)
    await gateway.command()


async def test_concurrent_requests_with_one_key_are_done_once(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted()

    answers = await asyncio.gather(
        *(post_with_key(agent1, mail, REPLY, "burst") for _ in range(12))
    )

    good = [answer for answer in answers if answer.status_code == 200]
    early = [answer for answer in answers if answer.status_code == 409]
    assert len(good) + len(early) == 12
    assert len({answer.text for answer in good}) == 1
    assert all(answer.headers["retry-after"] == "1" for answer in early)
    await gateway.command()
    assert gateway.commands.empty()


async def test_every_pod_knows_what_was_answered(
    gateway: Gateway, agent1: httpx2.AsyncClient, vhost_url: str, database_url: str
) -> None:
    mail = await gateway.accepted()
    first = await post_with_key(agent1, mail, REPLY, "pods")

    async with running_gateway(gateway.backend, vhost_url, database_url) as other:
        again = await post_with_key(await other.client("agent1"), mail, REPLY, "pods")

    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")


async def test_takeover_from_a_dead_pod_sends_the_same_command(gateway: Gateway) -> None:
    answers, now = IdempotencyStore(gateway.backend.database), gateway.backend.clock.now()
    first = await answers.claim("dead", "print", now)
    waiting = await answers.claim("dead", "print", now)
    await answers.release("dead", now)

    second = await answers.claim("dead", "print", now)

    assert first.command_ids is not None
    assert (waiting.command_ids, waiting.answered) == (None, None)
    assert second.command_ids == first.command_ids


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00fc"])
async def test_keys_that_are_not_well_formed_are_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, key: str
) -> None:
    mail = await gateway.accepted()

    answer = await agent1.post(
        f"/api/v2/me/interactions/{mail.id}",
        json=REPLY,
        headers={b"Idempotency-Key": key.encode()},
    )

    assert answer.status_code == 400
    assert failure(10, answer.json())
    assert await gateway.unchanged(mail)
