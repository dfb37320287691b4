"""Files of arrived mail that a real clamd judges, and while it is away."""

from collections.abc import AsyncIterator
from io import BytesIO
from zipfile import ZipFile

import pytest

from deploy.local.processes.ports import free_port
from services.attachments.extraction import Extraction
from shared.contracts.commands import ExtractDocuments
from shared.contracts.description.files import VirusScanner
from shared.domain.interaction import Email, Interaction
from shared.domain.lifecycle import State
from shared.scanning.clamd import TOO_LARGE, ScannerAwayError
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.connected.attachments.test_extraction import attachment, mail_with
from tests.fixtures.virus_scanner import EICAR, LARGEST, running_virus_scanner
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import envelope, make_arrivals

pytestmark = pytest.mark.connected

VIRUS = "the virus scanner found Eicar-Test-File.UNOFFICIAL"
CLEAN = b"an invoice"
AWAY = VirusScanner(host="127.0.0.1", port=free_port())


@pytest.fixture(scope="session")
async def scanner() -> AsyncIterator[VirusScanner]:
    """A clamd for all of these tests."""
    async with running_virus_scanner() as running:
        yield running


async def scan_with(backend: Backend, scanner: VirusScanner) -> None:
    await backend.configuration.write(CENTER.model_copy(update={"virus_scanner": scanner}))


async def extract(backend: Backend, *contents: bytes) -> Interaction:
    """Return a mail that agent1 works on, after its files were taken out."""
    documents = DocumentStore(backend.database, backend.clock)
    arrivals = make_arrivals(backend)
    listed = tuple(attachment(str(number), one) for number, one in enumerate(contents))
    arrival_id = await arrivals.add(mail_with(*contents), envelope())
    mail = await backend.add_mail(
        mail=Email(attachments=listed),
        state=State.ACCEPTED,
        owner_id="agent1",
        arrival_id=arrival_id,
    )
    extraction = Extraction(
        arrivals=arrivals,
        interactions=backend.interactions,
        documents=documents,
        vault=Vault(backend.database, backend.clock),
        configuration=backend.configuration,
    )
    command = ExtractDocuments(interaction_id=mail.id, arrival_id=arrival_id)
    for _ in range(2):
        await extraction.extract(command, cause())
    return await backend.interactions.get(mail.id)


async def test_infected_file_is_held_and_said(backend: Backend, scanner: VirusScanner) -> None:
    await scan_with(backend, scanner)

    mail = await extract(backend, CLEAN, EICAR)

    held = await DocumentStore(backend.database, backend.clock).held(mail.id)
    assert held == {"DOC-1": VIRUS}
    assert mail.mail.warnings == ("infected",)


async def test_clean_mail_has_no_warning(backend: Backend, scanner: VirusScanner) -> None:
    await scan_with(backend, scanner)

    mail = await extract(backend, CLEAN)

    assert mail.mail.warnings == ()
    assert await DocumentStore(backend.database, backend.clock).stored(mail.id) == {"DOC-0"}


async def test_file_too_large_to_scan_is_held(backend: Backend, scanner: VirusScanner) -> None:
    await scan_with(backend, scanner)

    mail = await extract(backend, bytes(LARGEST + 100_000))

    held = await DocumentStore(backend.database, backend.clock).held(mail.id)
    assert held == {"DOC-0": TOO_LARGE}


def zip_files_inside_each_other(content: bytes, depth: int) -> bytes:
    for _ in range(depth):
        packed = BytesIO()
        with ZipFile(packed, "w") as archive:
            archive.writestr("inner.zip", content)
        content = packed.getvalue()
    return content


async def test_virus_deeper_than_the_scanner_looks_is_held(
    backend: Backend, scanner: VirusScanner
) -> None:
    await scan_with(backend, scanner)

    mail = await extract(
        backend, zip_files_inside_each_other(EICAR, 5), zip_files_inside_each_other(EICAR, 17)
    )

    held = await DocumentStore(backend.database, backend.clock).held(mail.id)
    limit = "the virus scanner found Heuristics.Limits.Exceeded.MaxRecursion"
    assert held == {"DOC-0": VIRUS, "DOC-1": limit}


async def test_nothing_is_stored_while_the_scanner_is_away(backend: Backend) -> None:
    await scan_with(backend, AWAY)

    with pytest.raises(ScannerAwayError):
        await extract(backend, CLEAN)

    assert await backend.database["documents"].count_documents({}) == 0
