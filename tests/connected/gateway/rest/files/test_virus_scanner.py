"""Uploads that a real clamd judges, and files that are held."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from deploy.local.processes.ports import free_port
from shared.contracts.description.files import VirusScanner
from shared.domain.interaction import Attachment, Email
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.fixtures.virus_scanner import EICAR, running_virus_scanner
from tests.support.backend import CENTER
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

CLEAN = b"an invoice"
AWAY = VirusScanner(host="127.0.0.1", port=free_port())


@pytest.fixture(scope="session")
async def scanner() -> AsyncIterator[VirusScanner]:
    """A clamd for all of these tests."""
    async with running_virus_scanner() as running:
        yield running


async def upload(
    gateway: Gateway, client: httpx2.AsyncClient, scanner: VirusScanner, content: bytes
) -> httpx2.Response:
    """Return the answer to an upload where this scanner is described."""
    await gateway.describe(CENTER.model_copy(update={"virus_scanner": scanner}))
    try:
        draft = await gateway.drafted()
        files = f"/api/v2/me/interactions/{draft.id}/attachments"
        return await client.post(files, files=[("attachment", ("a.txt", content))])
    finally:
        await gateway.describe(CENTER)


async def test_infected_upload_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient, scanner: VirusScanner
) -> None:
    answer = await upload(gateway, agent1, scanner, EICAR)

    assert answer.status_code == 400
    assert failure(10, answer.json())
    assert "a.txt was not taken: the virus scanner found Eicar-Test-File" in answer.text
    assert gateway.commands.empty()


async def test_clean_upload_is_taken(
    gateway: Gateway, agent1: httpx2.AsyncClient, scanner: VirusScanner
) -> None:
    answer = await upload(gateway, agent1, scanner, CLEAN)

    assert answer.status_code == 200
    assert (await gateway.command())["type"] == "link-document"


async def test_upload_is_refused_for_the_moment_while_the_scanner_is_away(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    answer = await upload(gateway, agent1, AWAY, CLEAN)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert gateway.commands.empty()


async def test_held_file_is_not_downloaded(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    file = Attachment("DOC-1", "a.com", len(CLEAN), "application/octet-stream")
    mail = await gateway.accepted(mail=Email(attachments=(file,)))
    ref = await Vault(gateway.backend.database, gateway.backend.clock).put(CLEAN)
    documents = DocumentStore(gateway.backend.database, gateway.backend.clock)
    await documents.add(mail.id, [(file, ref)], {"DOC-1": "the virus scanner found X"})

    answer = await agent1.get(f"/api/v2/me/interactions/{mail.id}/attachments/DOC-1")

    assert answer.status_code == 403
    assert failure(5, answer.json())
    assert "the attachment is held: the virus scanner found X" in answer.text
