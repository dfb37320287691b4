"""`Prefer: wait=N`: the answer tells what came of the command."""

import asyncio
from typing import Any
from uuid import UUID

import aio_pika
import httpx2
import pytest

from shared.contracts.envelope import Cause, Contract
from shared.contracts.events import (
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryUncertain,
    InvitationAccepted,
    MailSent,
    OperationRefused,
)
from shared.contracts.outgoing import wrap
from tests.connected.messaging.queues import commands_to_all
from tests.support.backend import CENTER, Backend
from tests.support.gateway import Gateway, failure, running_gateway
from tests.support.rest import ask_about

pytestmark = pytest.mark.connected


async def answered_by(gateway: Gateway, request: Any, event: Contract) -> httpx2.Response:
    """Make a request, and answer its command as a service would."""
    connection = await aio_pika.connect(gateway.broker_url)
    async with connection:
        channel = await connection.channel()
        queue = await commands_to_all(channel)
        asking = asyncio.create_task(request)
        async with queue.iterator() as messages:
            message = await anext(messages)
        cause = Cause(UUID(message.correlation_id), UUID(message.message_id))
        outgoing = wrap(event, cause, gateway.backend.clock.now())
        await gateway.backend.publisher.publish(outgoing)
        answer: httpx2.Response = await asking
        return answer


def ask_and_wait(
    client: httpx2.AsyncClient, mail_id: str, name: str, wait: str, **headers: str
) -> Any:
    more = {"Prefer": wait, **headers}
    return ask_about(client, mail_id, name, headers=more, queueName="drafts")


async def test_the_outcome_is_in_the_answer(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    mail = await gateway.offered()
    accepted = InvitationAccepted.of(mail, "agent1")

    answer = await answered_by(
        gateway, ask_and_wait(agent1, mail.id, "Accept", "wait=20"), accepted
    )

    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    body = answer.json()
    assert (body["status"], body["statusCode"]) == ("ok", 0)
    assert body["interaction"]["messageTypeName"] == "InteractionStateMessage"
    assert (body["interaction"]["id"], body["interaction"]["state"]) == (mail.id, "Accepted")


@pytest.mark.parametrize(
    ("kind", "status_code", "http", "words"),
    [
        ("wrong-state", 2, 409, "Accept is not possible in state Accepted"),
        ("not-owner", 5, 403, "Accept is for the agent who holds this interaction"),
        ("unknown", 6, 404, "too late"),
        ("changed", 2, 412, "too late"),
        ("too-large", 10, 400, "too late"),
    ],
)
async def test_a_lost_race_is_a_failure_with_its_own_code(
    gateway: Gateway, agent1: httpx2.AsyncClient, kind: str, status_code: int, http: int, words: str
) -> None:
    mail = await gateway.offered()
    refused = OperationRefused.of(
        mail,
        "agent1",
        operation="accept-invitation",
        reason="too late",
        kind=kind,
        state="accepted",
    )

    answer = await answered_by(gateway, ask_and_wait(agent1, mail.id, "Accept", "wait=20"), refused)

    assert answer.status_code == http
    assert failure(status_code, answer.json())
    assert answer.json()["statusMessage"] == words


async def test_a_send_waits_for_the_delivery(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    draft = await gateway.drafted()
    asking = asyncio.create_task(ask_and_wait(agent1, draft.id, "Send", "wait=20"))
    await gateway.command()

    await gateway.announce(MailSent.of(draft, "agent1"))

    body = (await asking).json()
    assert (body["status"], body["interaction"]["state"]) == ("ok", "Sent")


_REFUSED = "ann@example.org: 550 5.1.1 unknown"


async def told_of_a_send(gateway: Gateway, client: httpx2.AsyncClient, kind: Any) -> Any:
    """Return the answer to a Send that ends in trouble."""
    draft = await gateway.drafted()
    asking = asyncio.create_task(ask_and_wait(client, draft.id, "Send", "wait=20"))
    await gateway.command()
    await gateway.announce(kind.of(draft, "agent1", reason=_REFUSED))
    return await asking


async def test_a_send_that_is_refused_is_a_failure(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    answer = await told_of_a_send(gateway, agent1, DeliveryFailed)

    assert (answer.status_code, answer.headers["preference-applied"]) == (400, "wait=20")
    assert failure(10, answer.json())
    assert answer.json()["statusMessage"] == _REFUSED


async def test_a_send_that_is_refused_is_a_failure_in_the_other_dialect(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(
        backend, vhost_url, database_url, http_errors="always-200"
    ) as gateway:
        await gateway.describe(CENTER)
        await gateway.add_agent("agent1", logged_in=True)
        client = await gateway.client("agent1")
        answer = await told_of_a_send(gateway, client, DeliveryFailed)

    assert answer.status_code == 200
    assert failure(10, answer.json())
    assert answer.json()["errorDescription"] == _REFUSED


@pytest.mark.parametrize("kind", [DeliveryDeferred, DeliveryUncertain])
async def test_a_send_that_is_not_over_is_only_taken(
    gateway: Gateway, agent1: httpx2.AsyncClient, kind: Any
) -> None:
    answer = await told_of_a_send(gateway, agent1, kind)

    assert answer.status_code == 202
    assert answer.json()["status"] == "ok"
    assert answer.json()["interaction"]["reason"] == _REFUSED


async def test_slow_operation_has_been_taken_all_the_same(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered()

    answer = await ask_and_wait(agent1, mail.id, "Accept", "respond-async, wait=1")

    assert answer.status_code == 202
    assert answer.json() == {"status": "ok", "statusCode": 0}
    assert answer.headers["preference-applied"] == "wait=1"
    assert (await gateway.command())["type"] == "accept-invitation"


async def test_waiting_client_does_not_keep_the_stream_open(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.offered()
    accepted = InvitationAccepted.of(mail, "agent1")

    answer = await answered_by(
        gateway,
        ask_and_wait(agent1, mail.id, "Accept", "wait=20", **{"Idempotency-Key": "waited"}),
        accepted,
    )
    again = await ask_and_wait(
        agent1, mail.id, "Accept", "wait=20", **{"Idempotency-Key": "waited"}
    )

    assert again.text == answer.text
    assert again.headers["preference-applied"] == "wait=20"
