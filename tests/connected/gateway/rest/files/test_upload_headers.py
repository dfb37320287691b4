"""`If-Match`, `Prefer` and `Idempotency-Key` for uploads and removals of files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import aio_pika
import httpx2
import pytest

from shared.contracts.description.files import AttachmentRules
from shared.contracts.envelope import Cause
from shared.contracts.events import AttachmentAdded, AttachmentRemoved, OperationRefused
from shared.contracts.outgoing import wrap
from shared.domain.interaction import Email, Interaction
from shared.storage.indexes import REMEMBERED_ANSWERS
from shared.storage.upload_store import UploadStore
from tests.connected.messaging.queues import commands_to_all
from tests.support.backend import CENTER
from tests.support.gateway import PDF, Gateway, failure

pytestmark = pytest.mark.connected

WAITING = {"Prefer": "wait=20"}


def path(mail: Interaction, attachment_id: str = "") -> str:
    return f"/api/v2/me/interactions/{mail.id}/attachments/{attachment_id}".rstrip("/")


async def upload(
    client: httpx2.AsyncClient, mail: Interaction, *names: str, **headers: str
) -> httpx2.Response:
    files = [("attachment", (name, name.encode(), "text/plain")) for name in names or ("a.txt",)]
    return await client.post(path(mail), files=files, headers=fields(headers))


def fields(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def with_file(gateway: Gateway, **more: Any) -> Interaction:
    mail = Email(subject="x", attachments=(PDF,))
    return await gateway.drafted(mail=mail, **more)


async def pending(gateway: Gateway, mail: Interaction) -> list[str]:
    found = await UploadStore(gateway.backend.database, gateway.backend.clock).pending(mail.id)
    return [one.document.id for one in found]


@asynccontextmanager
async def workers(gateway: Gateway) -> AsyncIterator[Any]:
    """Give what answers the next command as its owner would."""
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(await aio_pika.connect(gateway.broker_url))
        channel = await connection.channel()
        queue = await commands_to_all(channel)
        messages = await stack.enter_async_context(queue.iterator())

        async def tell(event: Any) -> None:
            message = await anext(messages)
            cause = Cause(UUID(message.correlation_id), UUID(message.message_id))
            now = gateway.backend.clock.now()
            await gateway.backend.publisher.publish(wrap(event, cause, now))

        yield tell


async def test_a_file_is_added_to_the_version_that_the_client_knows(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(version=7)

    answer = await upload(agent1, draft, If_Match='"7"')

    assert answer.status_code == 200
    assert (await gateway.command())["document_id"] == answer.json()["documentId"]


async def test_a_file_is_not_added_to_another_version(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted(version=7)

    answer = await upload(agent1, draft, If_Match='"6"')

    assert answer.status_code == 412
    assert failure(2, answer.json())
    assert await pending(gateway, draft) == []
    assert await gateway.unchanged(draft)


@pytest.mark.parametrize(("tag", "http"), [('"7"', 200), ("*", 200), ('"6"', 412)])
async def test_a_file_is_taken_off_the_version_that_the_client_knows(
    gateway: Gateway, agent1: httpx2.AsyncClient, tag: str, http: int
) -> None:
    draft = await with_file(gateway, version=7)

    answer = await agent1.delete(path(draft, PDF.id), headers={"If-Match": tag})

    assert answer.status_code == http
    if http == 412:
        assert await gateway.unchanged(draft)
    else:
        assert (await gateway.command())["expected_version"] == (7 if tag == '"7"' else None)


async def test_wait_ends_when_every_file_is_listed(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await with_file(gateway)
    added = AttachmentAdded.of(draft, "agent1")

    async with workers(gateway) as tell:
        asked = asyncio.create_task(upload(agent1, draft, "a.txt", "b.txt", **WAITING))
        await tell(added)
        await tell(added)
        answer = await asked

    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    body = answer.json()
    assert len(body["documentIds"]) == 2
    assert body["interaction"]["notificationType"] == "AttachmentAdded"
    assert [one["id"] for one in body["interaction"]["email_object"]["attachments"]] == [PDF.id]


async def test_wait_ends_with_the_refusal_when_a_send_was_faster(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    refused = OperationRefused.of(
        draft, "agent1", operation="link-document", reason="too late", kind="wrong-state"
    )

    async with workers(gateway) as tell:
        asked = asyncio.create_task(upload(agent1, draft, **WAITING))
        await tell(refused)
        answer = await asked

    assert answer.status_code == 409
    assert failure(2, answer.json())
    assert await pending(gateway, draft) == []


async def test_wait_ends_when_the_file_is_removed(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await with_file(gateway)

    async with workers(gateway) as tell:
        asked = asyncio.create_task(agent1.delete(path(draft, PDF.id), headers=WAITING))
        await tell(AttachmentRemoved.of(draft, "agent1"))
        answer = await asked

    body = answer.json()
    assert (body["statusCode"], body["status"]) == (0, "ok")
    assert body["interaction"]["notificationType"] == "AttachmentRemoved"


async def test_a_repeated_upload_is_one_file(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    draft = await gateway.drafted()

    first = await upload(agent1, draft, Idempotency_Key="scan 1")
    second = await upload(agent1, draft, Idempotency_Key="scan 1")

    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert await pending(gateway, draft) == [first.json()["documentId"]]
    await gateway.command()
    assert gateway.commands.empty()


async def test_a_repeated_removal_is_answered_as_the_first(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await with_file(gateway)
    key = {"Idempotency-Key": "off"}

    answers = [await agent1.delete(path(draft, PDF.id), headers=key) for _ in range(2)]

    assert {answer.text for answer in answers} == {'{"statusCode":0,"status":"ok"}'}
    await gateway.command()
    assert gateway.commands.empty()


async def test_takeover_from_a_dead_pod_links_the_same_documents(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    answers = gateway.backend.database[REMEMBERED_ANSWERS]
    first = await upload(agent1, draft, "a.txt", "b.txt", Idempotency_Key="scan 2")
    await answers.update_many(
        {}, {"$unset": {"status": ""}, "$set": {"lease_until": gateway.backend.clock.now()}}
    )

    second = await upload(agent1, draft, "a.txt", "b.txt", Idempotency_Key="scan 2")

    assert second.json() == first.json()
    assert await pending(gateway, draft) == first.json()["documentIds"]


async def test_same_files_with_another_boundary_are_replayed(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    first, second = [
        await upload_form(agent1, draft, b"the scan", boundary)
        for boundary in ("short", "a-much-longer-boundary")
    ]

    assert (first.status_code, second.text) == (200, first.text)
    assert second.headers["idempotent-replayed"] == "true"
    assert await pending(gateway, draft) == [first.json()["documentId"]]


@pytest.mark.parametrize("form", ["multipart/form-data 4711", "multipart/form-data"])
async def test_upload_that_another_build_has_claimed_is_replayed(
    gateway: Gateway, agent1: httpx2.AsyncClient, form: str
) -> None:
    draft = await gateway.drafted()
    first = await upload_form(agent1, draft, b"the scan", "boundary")
    answers = gateway.backend.database[REMEMBERED_ANSWERS]
    await answers.update_many({}, {"$set": {"fingerprint": form}, "$unset": {"content": ""}})

    second = await upload_form(agent1, draft, b"the scan", "boundary")

    assert (first.status_code, second.text) == (200, first.text)
    assert second.headers["idempotent-replayed"] == "true"


async def test_upload_is_claimed_in_the_form_of_an_earlier_build(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    sent = (await upload_form(agent1, draft, b"a scan of its own length", "boundary")).request

    claimed = await gateway.backend.database[REMEMBERED_ANSWERS].distinct("fingerprint")
    assert f"multipart/form-data {sent.headers['content-length']}" in claimed


@pytest.mark.parametrize("other", [b"the scam", b"a scan of another length"])
async def test_another_file_under_a_used_key_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, other: bytes
) -> None:
    draft = await gateway.drafted()
    first = await upload_form(agent1, draft, b"the scan", "boundary")

    second = await upload_form(agent1, draft, other, "boundary")
    third = await upload_form(agent1, draft, b"the scan", "boundary")

    assert (first.status_code, second.status_code) == (200, 422)
    assert failure(10, second.json())
    assert third.text == first.text
    assert await pending(gateway, draft) == [first.json()["documentId"]]


async def test_another_file_after_a_dead_pod_changes_nothing(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    answers = gateway.backend.database[REMEMBERED_ANSWERS]
    first = await upload_form(agent1, draft, b"the scan", "boundary")
    stored = await gateway.backend.newest("documents", first.json()["documentId"])
    await answers.update_many(
        {}, {"$unset": {"status": ""}, "$set": {"lease_until": gateway.backend.clock.now()}}
    )

    second = await upload_form(agent1, draft, b"the scam", "boundary")
    third = await upload_form(agent1, draft, b"the scan", "boundary")

    assert second.status_code == 422
    assert third.json() == first.json()
    after = await gateway.backend.newest("documents", first.json()["documentId"])
    assert after["sha256"] == stored["sha256"]


async def test_endless_repetition_of_an_upload_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    await upload_form(agent1, draft, b"the scan", "boundary")
    rules = AttachmentRules.model_validate({"largest_mail": 1_000})
    await gateway.describe(CENTER.model_copy(update={"attachments": rules}))

    answer = await upload_form(agent1, draft, bytes(1_100_000), "boundary")

    assert answer.status_code == 413


async def upload_form(
    client: httpx2.AsyncClient, mail: Interaction, content: bytes, boundary: str
) -> httpx2.Response:
    """Upload a file under one key, in a form with a boundary."""
    head = b'Content-Disposition: form-data; name="attachment"; filename="a.txt"'
    form = b"--%b\r\n%b\r\n\r\n%b\r\n--%b--\r\n"
    return await client.post(
        path(mail),
        content=form % (boundary.encode(), head, content, boundary.encode()),
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Idempotency-Key": "scan 3",
        },
    )
