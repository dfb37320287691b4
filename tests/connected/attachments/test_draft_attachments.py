"""Uploads on their way to a draft: linked once, in every order of what may happen."""

from datetime import timedelta

import pytest

from services.attachments.draft_attachments import DraftAttachments
from services.attachments.upload_sweeper import ABANDONED, UploadSweeper
from services.composition.drafts import DraftCommands
from services.composition.submission import Submission
from shared.contracts.commands import DraftEdits, LinkDocument, SubmitDraft, UnlinkDocument
from shared.contracts.events import AttachmentAdded, AttachmentRemoved
from shared.domain.errors import NotOwnerError, OperationNotAllowedError, Refused
from shared.domain.ids import new_id
from shared.domain.interaction import Attachment, Interaction
from shared.domain.lifecycle import Direction, State
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import ContentRef, Vault
from shared.storage.mails import delivery_store
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.upload_store import UploadStore
from tests.support.backend import Backend, cause

pytestmark = pytest.mark.connected

SCAN = bytes(range(256)) * 2_000


@pytest.fixture
def vault(backend: Backend) -> Vault:
    """Where the bytes are."""
    return Vault(backend.database, backend.clock)


@pytest.fixture
def uploads(backend: Backend) -> UploadStore:
    """The files that agents were promised."""
    return UploadStore(backend.database, backend.clock)


@pytest.fixture
def documents(backend: Backend) -> DocumentStore:
    """Which bytes belong to which attachment."""
    return DocumentStore(backend.database, backend.clock)


@pytest.fixture
def linking(backend: Backend, uploads: UploadStore) -> DraftAttachments:
    """The service without its process."""
    return DraftAttachments(
        interactions=backend.interactions, uploads=uploads, configuration=backend.configuration
    )


@pytest.fixture
def sweeping(backend: Backend, uploads: UploadStore, vault: Vault) -> UploadSweeper:
    """The chore without its interval."""
    return UploadSweeper(
        interactions=backend.interactions, uploads=uploads, vault=vault, clock=backend.clock
    )


@pytest.fixture
def drafts(
    backend: Backend, uploads: UploadStore, documents: DocumentStore, vault: Vault
) -> DraftCommands:
    """Composition without its process."""
    outbox_publisher = OutboxPublisher(
        backend.publisher, CollectionOutbox(backend.database[delivery_store.COLLECTION])
    )
    return DraftCommands(
        interactions=backend.interactions,
        documents=documents,
        uploads=uploads,
        submission=Submission(
            interactions=backend.interactions,
            deliveries=DeliveryStore(backend.database, backend.clock, outbox_publisher.announce),
            documents=documents,
            vault=vault,
        ),
        configuration=backend.configuration,
        clock=backend.clock,
        reply_all_includes_to=True,
    )


@pytest.fixture
async def draft(backend: Backend) -> Interaction:
    """A draft of agent1."""
    return await backend.add_mail(
        direction=Direction.OUTBOUND, state=State.REPLY_CREATED, owner_id="agent1"
    )


@pytest.fixture
async def upload(draft: Interaction, uploads: UploadStore, vault: Vault) -> str:
    """The id of a file that agent1 was promised."""
    return await uploaded(draft, uploads, await vault.put(SCAN))


async def uploaded(draft: Interaction, uploads: UploadStore, content: ContentRef) -> str:
    attachment = Attachment(new_id(), "scan.pdf", content.size, "application/pdf")
    await uploads.add(draft.id, attachment, content)
    await uploads.promise([attachment.id])
    return attachment.id


def link(draft: Interaction, document: str, agent_id: str = "agent1") -> LinkDocument:
    return LinkDocument(interaction_id=draft.id, agent_id=agent_id, document_id=document)


def unlink(draft: Interaction, document: str) -> UnlinkDocument:
    return UnlinkDocument(interaction_id=draft.id, agent_id="agent1", document_id=document)


def submit(draft: Interaction) -> SubmitDraft:
    edits = DraftEdits.model_validate(
        {"to": [{"address": "ann@example.org"}], "sender": {"address": "support@demo.example"}}
    )
    return SubmitDraft(interaction_id=draft.id, agent_id="agent1", edits=edits)


async def listed(backend: Backend, draft: Interaction) -> list[str]:
    return [one.id for one in (await backend.interactions.get(draft.id)).mail.attachments]


async def test_linked_file_is_listed_and_published(
    backend: Backend, linking: DraftAttachments, draft: Interaction, upload: str
) -> None:
    await linking.link(link(draft, upload), cause())

    assert await listed(backend, draft) == [upload]
    assert (await backend.next_event(AttachmentAdded)).version == draft.version + 1


async def test_a_link_that_is_delivered_twice_links_once(
    backend: Backend, linking: DraftAttachments, draft: Interaction, upload: str
) -> None:
    once = cause()
    await linking.link(link(draft, upload), once)

    await linking.link(link(draft, upload), once)

    assert (await backend.interactions.get(draft.id)).version == draft.version + 1
    assert await listed(backend, draft) == [upload]


async def test_only_the_owner_of_a_draft_attaches(
    backend: Backend, linking: DraftAttachments, draft: Interaction, upload: str
) -> None:
    with pytest.raises(NotOwnerError):
        await linking.link(link(draft, upload, "agent2"), cause())

    assert await listed(backend, draft) == []


async def test_a_link_that_comes_after_the_mail_was_sent_is_refused(
    backend: Backend,
    linking: DraftAttachments,
    drafts: DraftCommands,
    draft: Interaction,
    uploads: UploadStore,
    vault: Vault,
) -> None:
    await drafts.submit(submit(draft), cause())
    late = await uploaded(draft, uploads, await vault.put(SCAN))

    with pytest.raises(OperationNotAllowedError):
        await linking.link(link(draft, late), cause())

    assert await listed(backend, draft) == []


async def test_a_send_that_overtakes_the_link_has_the_file_all_the_same(
    backend: Backend,
    linking: DraftAttachments,
    drafts: DraftCommands,
    draft: Interaction,
    upload: str,
) -> None:
    await drafts.submit(submit(draft), cause())

    await linking.link(link(draft, upload), cause())

    assert await listed(backend, draft) == [upload]


async def test_a_send_that_overtakes_the_removal_has_not_the_file(
    backend: Backend,
    linking: DraftAttachments,
    drafts: DraftCommands,
    draft: Interaction,
    upload: str,
    uploads: UploadStore,
) -> None:
    await linking.link(link(draft, upload), cause())
    await uploads.withdraw([upload])
    await drafts.submit(submit(draft), cause())

    await linking.unlink(unlink(draft, upload), cause())

    assert await listed(backend, draft) == []


async def test_removal_is_published(
    backend: Backend,
    linking: DraftAttachments,
    draft: Interaction,
    upload: str,
    uploads: UploadStore,
) -> None:
    await linking.link(link(draft, upload), cause())
    await uploads.withdraw([upload])

    await linking.unlink(unlink(draft, upload), cause())

    assert await listed(backend, draft) == []
    assert (await backend.next_event(AttachmentRemoved)).version == draft.version + 2


async def test_a_removal_that_overtakes_the_link_wins(
    backend: Backend,
    linking: DraftAttachments,
    draft: Interaction,
    upload: str,
    uploads: UploadStore,
) -> None:
    await uploads.withdraw([upload])
    await linking.unlink(unlink(draft, upload), cause())

    await linking.link(link(draft, upload), cause())

    assert await listed(backend, draft) == []


async def test_a_removal_that_is_refused_leaves_the_file(
    backend: Backend,
    linking: DraftAttachments,
    drafts: DraftCommands,
    draft: Interaction,
    upload: str,
    uploads: UploadStore,
    documents: DocumentStore,
) -> None:
    await linking.link(link(draft, upload), cause())
    await drafts.submit(submit(draft), cause())
    await uploads.withdraw([upload])

    with pytest.raises(Refused):
        await linking.unlink(unlink(draft, upload), cause())

    document = await documents.get(upload)
    assert document is not None
    assert not document.withdrawn
    assert await listed(backend, draft) == [upload]


async def test_link_of_a_swept_file_is_refused(
    linking: DraftAttachments, draft: Interaction
) -> None:
    with pytest.raises(Refused):
        await linking.link(link(draft, new_id()), cause())


async def test_unlinked_document_is_swept_with_its_bytes(
    backend: Backend,
    sweeping: UploadSweeper,
    draft: Interaction,
    uploads: UploadStore,
    documents: DocumentStore,
    vault: Vault,
) -> None:
    content = await vault.put(SCAN)
    document = Attachment(new_id(), "a", content.size, "text/plain")
    await uploads.add(draft.id, document, content)
    backend.clock.move(ABANDONED + timedelta(seconds=1))

    assert await sweeping.sweep() == 1

    assert await documents.get(document.id) is None
    for collection in ("contents", "vault.files", "vault.chunks"):
        assert await backend.database[collection].count_documents({}) == 0


async def test_young_or_linked_document_is_not_swept(
    backend: Backend,
    linking: DraftAttachments,
    sweeping: UploadSweeper,
    draft: Interaction,
    upload: str,
    uploads: UploadStore,
    vault: Vault,
) -> None:
    await linking.link(link(draft, upload), cause())
    backend.clock.move(ABANDONED + timedelta(seconds=1))
    await uploaded(draft, uploads, await vault.put(SCAN))

    assert await sweeping.sweep() == 0

    assert await backend.database["documents"].count_documents({}) == 2


async def test_bytes_that_another_document_has_stay(
    backend: Backend,
    linking: DraftAttachments,
    sweeping: UploadSweeper,
    draft: Interaction,
    upload: str,
    uploads: UploadStore,
    vault: Vault,
) -> None:
    content = await vault.put(SCAN)
    await linking.link(link(draft, upload), cause())
    await uploaded(draft, uploads, content)
    backend.clock.move(ABANDONED + timedelta(seconds=1))

    assert await sweeping.sweep() == 1

    assert await vault.get(content) == SCAN


async def test_bytes_stored_meanwhile_stay(backend: Backend, vault: Vault) -> None:
    content = await vault.put(SCAN)
    before = backend.clock.now() + timedelta(hours=1)
    backend.clock.move(timedelta(hours=2))
    await vault.put(SCAN)

    assert not await vault.forget(content.sha256, before)

    assert await vault.get(content) == SCAN
