"""Files of drafts are uploaded and removed: what the gateway stores, sends and refuses."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from shared.contracts.description.files import AttachmentRules
from shared.domain.interaction import Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from shared.storage.upload_store import AwaitedEvent, UploadStore
from tests.connected.changes import wait_until
from tests.support.backend import CENTER, Backend
from tests.support.gateway import PDF, Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

SCAN = b"%PDF-1.7 " + bytes(range(256)) * 4_000

PART = b'--XYZ\r\nContent-Disposition: form-data; name="attachment"; filename="x"\r\n\r\n'
FORM = "multipart/form-data; boundary=XYZ"
EMPTY = PART.replace(b'"x"', b'""') + b"\r\n--XYZ--\r\n"


def path(mail: Interaction, attachment_id: str = "") -> str:
    return f"/api/v2/me/interactions/{mail.id}/attachments/{attachment_id}".rstrip("/")


async def upload(
    client: httpx2.AsyncClient, mail: Interaction, *files: tuple[str, bytes, str]
) -> httpx2.Response:
    return await client.post(path(mail), files=[("attachment", file) for file in files])


async def awaited(gateway: Gateway, mail: Interaction) -> list[tuple[str, AwaitedEvent]]:
    pending = await UploadStore(gateway.backend.database, gateway.backend.clock).pending(mail.id)
    return [(one.document.name, one.awaits) for one in pending]


async def test_a_file_is_stored_as_it_is_and_its_link_commanded(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await upload(agent1, draft, ("Scan März.pdf", SCAN, "text/html"))

    document_id = answer.json()["documentId"]
    assert answer.json() == {"statusCode": 0, "documentId": document_id, "status": "ok"}
    assert await gateway.command() == {
        "address": "attachments.link-document.v1",
        "type": "link-document",
        "interaction_id": draft.id,
        "agent_id": "agent1",
        "expected_version": None,
        "asked_as": "LinkAttachment",
        "document_id": document_id,
    }
    document = await DocumentStore(gateway.backend.database, gateway.backend.clock).get(document_id)
    assert document is not None
    assert (document.name, document.media_type) == ("Scan März.pdf", "application/pdf")
    vault = Vault(gateway.backend.database, gateway.backend.clock)
    assert await vault.get(document.content) == SCAN
    assert await awaited(gateway, draft) == [("Scan März.pdf", AwaitedEvent.LINK)]


async def test_several_files_are_answered_in_their_order(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await upload(agent1, draft, ("a.txt", b"a", ""), ("b.txt", b"", "text/plain"))

    ids = answer.json()["documentIds"]
    assert answer.json()["documentId"] == ids[0]
    assert [(await gateway.command())["document_id"] for _ in ids] == ids
    contents = [(await agent1.get(path(draft, one))).content for one in ids]
    assert contents == [b"a", b""]


async def test_a_name_that_misleads_is_cleaned(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    await upload(agent1, draft, ("..\\..\\fdp\u202eexe.txt", b"x", ""))

    assert await awaited(gateway, draft) == [("fdp_exe.txt", AwaitedEvent.LINK)]


async def test_a_body_is_stored_while_it_comes(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    chunks = gateway.backend.database["vault.chunks"]
    before, stored_meanwhile = await chunks.count_documents({}), asyncio.Event()

    async def has_more() -> bool:
        return await chunks.count_documents({}) > before

    async def body() -> AsyncIterator[bytes]:
        yield PART
        for _ in range(48):
            yield bytes(64 * 1024)
        await wait_until(chunks, has_more)
        stored_meanwhile.set()
        yield b"\r\n--XYZ--\r\n"

    answer = await agent1.post(
        path(draft),
        content=body(),
        headers={"Content-Type": FORM},
    )

    assert answer.status_code == 200
    assert stored_meanwhile.is_set()
    await gateway.command()


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({"files": {"file": ("a.txt", b"x")}}, 400, 1),
        ({"content": EMPTY, "headers": {"Content-Type": FORM}}, 400, 1),
        ({"data": {"note": "x" * 100_000}, "files": {"attachment": ("a", b"")}}, 400, 1),
        ({"json": {"attachment": "x"}}, 400, 1),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, 400, 10),
        (
            {"content": b"?", "headers": {"Content-Type": "multipart/form-data; boundary=X"}},
            400,
            10,
        ),
        ({"files": {"attachment": ("a.exe", b"MZ")}}, 400, 10),
        ({"files": {"attachment": ("a.bin", bytes(20_000_001))}}, 413, 10),
    ],
)
async def test_refused_upload_changes_nothing(
    gateway: Gateway,
    agent1: httpx2.AsyncClient,
    request_body: dict[str, Any],
    status: int,
    code: int,
) -> None:
    draft = await gateway.drafted()

    answer = await agent1.post(path(draft), **request_body)

    assert answer.status_code == status
    assert failure(code, answer.json())
    assert await gateway.unchanged(draft)
    assert await awaited(gateway, draft) == []


async def test_refused_file_refuses_the_whole_upload(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()

    answer = await upload(agent1, draft, ("a.txt", b"x", ""), ("b.exe", b"MZ", ""))

    assert failure(10, answer.json())
    assert await gateway.unchanged(draft)
    assert await awaited(gateway, draft) == []


async def test_files_that_are_on_their_way_count(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    rules = AttachmentRules.model_validate({"largest_mail": 1_000, "most_files": 2})
    await backend.configuration.write(CENTER.model_copy(update={"attachments": rules}))
    backend.clock.move(timedelta(minutes=1))
    async with running_gateway(backend, vhost_url, database_url) as gateway:
        await gateway.add_agent("agent1")
        agent1 = await gateway.client("agent1")
        draft, small = await gateway.drafted(), await gateway.drafted()
        await upload(agent1, draft, ("a", bytes(600), ""))
        await upload(agent1, small, ("a", b"", ""), ("b", b"", ""))

        too_large = await upload(agent1, draft, ("b", bytes(600), ""))
        too_many = await upload(agent1, small, ("c", b"", ""))

    assert (too_large.status_code, too_many.status_code) == (413, 413)


@asynccontextmanager
async def beginning_of_an_upload(
    gateway: Gateway, draft: Interaction, size: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a connection on which so many bytes of a file have come, and no end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(gateway.url).port)
    head = (
        f"POST {path(draft)} HTTP/1.1\r\nHost: here\r\nContent-Length: 10000000\r\n"
        f"Authorization: Basic {base64.b64encode(b'agent1:agent1').decode()}\r\n"
        "Content-Type: multipart/form-data; boundary=XYZ\r\n\r\n"
    )
    writer.write(head.encode() + PART + bytes(size))
    yield reader, writer
    writer.close()


async def test_a_body_that_stalls_is_ended(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    async with running_gateway(backend, vhost_url, database_url, upload_stall="PT0.2S") as gateway:
        await gateway.add_agent("agent1")
        draft = await gateway.drafted()

        async with beginning_of_an_upload(gateway, draft, 10) as (reader, _):
            status = await asyncio.wait_for(reader.readline(), 10)

    assert status == b"HTTP/1.1 408 Request Timeout\r\n"


async def test_nothing_stays_of_an_upload_whose_client_goes_away(gateway: Gateway) -> None:
    draft = await gateway.drafted()
    chunks = gateway.backend.database["vault.chunks"]
    before = await chunks.count_documents({})

    async def has_more() -> bool:
        return await chunks.count_documents({}) > before

    async def has_no_more() -> bool:
        return not await has_more()

    async with beginning_of_an_upload(gateway, draft, 3_000_000):
        await wait_until(chunks, has_more)

    await wait_until(chunks, has_no_more)
    assert await gateway.unchanged(draft)
    assert await awaited(gateway, draft) == []


@pytest.mark.parametrize("state", [State.SENDING, State.SENT, State.CANCELED])
async def test_mail_past_the_draft_state_keeps_its_files(
    gateway: Gateway, agent1: httpx2.AsyncClient, state: State
) -> None:
    draft = await gateway.store(
        direction=Direction.OUTBOUND,
        state=state,
        owner_id="agent1",
        mail=Email(attachments=(PDF,)),
    )

    added = await upload(agent1, draft, ("a.txt", b"x", ""))
    removed = await agent1.delete(path(draft, PDF.id))

    assert (added.status_code, removed.status_code) == (409, 409)
    assert failure(2, added.json())
    assert failure(2, removed.json())
    assert await gateway.unchanged(draft)


async def test_the_files_of_a_mail_that_arrived_stay_as_they_are(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await gateway.accepted(mail=Email(attachments=(PDF,)))

    added = await upload(agent1, mail, ("a.txt", b"x", ""))
    removed = await agent1.delete(path(mail, PDF.id))

    assert (added.status_code, removed.status_code) == (403, 403)
    assert failure(3, added.json())
    assert failure(3, removed.json())
    assert await gateway.unchanged(mail)


async def test_another_agents_draft_is_left_alone(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted("agent2", mail=Email(attachments=(PDF,)))

    added = await upload(agent1, draft, ("a.txt", b"x", ""))
    removed = await agent1.delete(path(draft, PDF.id))

    assert (added.status_code, removed.status_code) == (403, 403)
    assert failure(5, added.json())
    assert failure(5, removed.json())
    assert await gateway.unchanged(draft)


async def test_unknown_interaction_is_not_found(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    nowhere = replace(draft, id="00009A8T8Y13ZZZZ")

    answers = [
        await upload(agent1, nowhere, ("a.txt", b"x", "")),
        await agent1.delete(path(nowhere, PDF.id)),
        await agent1.delete(path(draft, PDF.id)),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert all(failure(6, answer.json()) for answer in answers)


async def test_a_file_that_is_taken_off_is_off_at_once(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    draft = await gateway.drafted()
    document = (await upload(agent1, draft, ("a.txt", b"x", ""))).json()["documentId"]
    await gateway.command()

    answer = await agent1.delete(path(draft, document))

    assert answer.json() == {"statusCode": 0, "status": "ok"}
    command = await gateway.command()
    assert (command["type"], command["document_id"]) == ("unlink-document", document)
    assert await awaited(gateway, draft) == [("a.txt", AwaitedEvent.REMOVAL)]
    again = [
        await agent1.get(path(draft, document)),
        await agent1.delete(path(draft, document)),
    ]
    assert [one.status_code for one in again] == [404, 404]


async def test_a_session_needs_its_token_for_an_upload(gateway: Gateway) -> None:
    draft = await gateway.drafted()
    agent1 = await gateway.client("agent1")
    token = (await agent1.get("/api/v2/me")).headers["X-CSRF-TOKEN"]
    page = await gateway.client(cookies=dict(agent1.cookies))

    forged = await upload(page, draft, ("a.txt", b"x", ""))
    page.headers["X-CSRF-TOKEN"] = token
    own = await upload(page, draft, ("a.txt", b"x", ""))

    assert (forged.status_code, own.status_code) == (403, 200)
    await gateway.command()
