"""The parts of an arrived mail, stored once."""

from email import policy
from email.message import EmailMessage

import pytest

from services.attachments.extraction import Extraction
from shared.contracts.commands import ExtractDocuments
from shared.domain.interaction import Attachment, Email, Interaction
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from shared.storage.mails.arrival_store import ArrivalStore
from tests.support.backend import Backend, cause
from tests.support.ingest import envelope, make_arrivals

pytestmark = pytest.mark.connected

LARGE = bytes(range(256)) * 2_000
SMALL = b"a signature image"


@pytest.fixture
def vault(backend: Backend) -> Vault:
    """Where the bytes are."""
    return Vault(backend.database, backend.clock)


@pytest.fixture
def documents(backend: Backend) -> DocumentStore:
    """Which bytes belong to which attachment."""
    return DocumentStore(backend.database, backend.clock)


@pytest.fixture
def arrivals(backend: Backend) -> ArrivalStore:
    """Where the raw mails are."""
    return make_arrivals(backend)


@pytest.fixture
def extraction(
    backend: Backend, arrivals: ArrivalStore, documents: DocumentStore, vault: Vault
) -> Extraction:
    """The service without its process."""
    return Extraction(
        arrivals=arrivals,
        interactions=backend.interactions,
        documents=documents,
        vault=vault,
        configuration=backend.configuration,
    )


async def received(
    backend: Backend, arrivals: ArrivalStore, raw: bytes, *attachments: Attachment
) -> tuple[Interaction, ExtractDocuments]:
    arrival_id = await arrivals.add(raw, envelope())
    interaction = await backend.add_mail(mail=Email(attachments=attachments))
    return interaction, ExtractDocuments(interaction_id=interaction.id, arrival_id=arrival_id)


def mail_with(*contents: bytes) -> bytes:
    mail = EmailMessage()
    mail.set_content("see attached")
    for number, content in enumerate(contents):
        mail.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=f"{number}.bin"
        )
    return mail.as_bytes(policy=policy.SMTP)


def attachment(name: str, content: bytes) -> Attachment:
    return Attachment(f"DOC-{name}", f"{name}.bin", len(content), "application/octet-stream")


async def test_every_attachment_is_stored_as_it_was_mailed(
    backend: Backend,
    arrivals: ArrivalStore,
    extraction: Extraction,
    documents: DocumentStore,
    vault: Vault,
) -> None:
    _, command = await received(
        backend, arrivals, mail_with(LARGE, SMALL), attachment("0", LARGE), attachment("1", SMALL)
    )

    await extraction.extract(command, cause())

    for name, content in (("DOC-0", LARGE), ("DOC-1", SMALL)):
        document = await documents.get(name)
        assert document is not None
        assert await vault.get(document.content) == content


async def test_the_same_image_in_many_mails_is_stored_once(
    backend: Backend, arrivals: ArrivalStore, extraction: Extraction
) -> None:
    for name in ("a", "b", "c"):
        _, command = await received(backend, arrivals, mail_with(SMALL), attachment(name, SMALL))
        await extraction.extract(command, cause())

    assert await backend.database["documents"].count_documents({}) == 3
    assert await backend.database["contents"].count_documents({}) == 1


async def test_extracting_twice_changes_nothing(
    backend: Backend, arrivals: ArrivalStore, extraction: Extraction, documents: DocumentStore
) -> None:
    _, command = await received(backend, arrivals, mail_with(SMALL), attachment("0", SMALL))
    await extraction.extract(command, cause())
    first = await documents.get("DOC-0")

    await extraction.extract(command, cause())

    assert await documents.get("DOC-0") == first


async def test_a_mail_that_could_not_be_read_is_its_own_attachment(
    backend: Backend,
    arrivals: ArrivalStore,
    extraction: Extraction,
    documents: DocumentStore,
    vault: Vault,
) -> None:
    raw = b"\x00 not a mail \xff"
    whole = Attachment("DOC-0", "mail.eml", len(raw), "message/rfc822")
    _, command = await received(backend, arrivals, raw, whole)

    await extraction.extract(command, cause())

    document = await documents.get("DOC-0")
    assert document is not None
    assert await vault.get(document.content) == raw


async def test_a_mail_too_long_to_show_is_attached_behind_its_other_files(
    backend: Backend,
    arrivals: ArrivalStore,
    extraction: Extraction,
    documents: DocumentStore,
    vault: Vault,
) -> None:
    raw = mail_with(SMALL)
    whole = Attachment("DOC-1", "mail.eml", len(raw), "message/rfc822")
    _, command = await received(backend, arrivals, raw, attachment("0", SMALL), whole)

    await extraction.extract(command, cause())

    stored = [await documents.get(one) for one in ("DOC-0", "DOC-1")]
    assert [await vault.get(one.content) for one in stored if one] == [SMALL, raw]
