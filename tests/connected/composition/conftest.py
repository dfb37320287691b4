"""Composition without its process, on a real database and a real broker."""

import pytest

from services.composition.drafts import DraftCommands
from services.composition.redirect import RedirectCommand
from services.composition.submission import Submission
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from shared.storage.mails import arrival_store, delivery_store
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.upload_store import UploadStore
from tests.support.backend import Backend
from tests.support.ingest import INVOICE, envelope


@pytest.fixture
def documents(backend: Backend) -> DocumentStore:
    """The documents of all mails."""
    return DocumentStore(backend.database, backend.clock)


@pytest.fixture
def sent(backend: Backend) -> DeliveryStore:
    """The deliveries that composition adds to."""
    outbox = CollectionOutbox(backend.database[delivery_store.COLLECTION])
    outbox_publisher = OutboxPublisher(backend.publisher, outbox)
    return DeliveryStore(backend.database, backend.clock, outbox_publisher.announce)


@pytest.fixture
def arrived(backend: Backend) -> ArrivalStore:
    """The mails as they came."""
    outbox = CollectionOutbox(backend.database[arrival_store.COLLECTION])
    outbox_publisher = OutboxPublisher(backend.publisher, outbox)
    vault = Vault(backend.database, backend.clock)
    return ArrivalStore(backend.database, vault, backend.clock, outbox_publisher)


@pytest.fixture
def drafts(backend: Backend, sent: DeliveryStore, documents: DocumentStore) -> DraftCommands:
    """Composition without its process."""
    return DraftCommands(
        interactions=backend.interactions,
        documents=documents,
        uploads=UploadStore(backend.database, backend.clock),
        submission=Submission(
            interactions=backend.interactions,
            deliveries=sent,
            documents=documents,
            vault=Vault(backend.database, backend.clock),
        ),
        configuration=backend.configuration,
        clock=backend.clock,
        reply_all_includes_to=True,
    )


@pytest.fixture
def redirecting(backend: Backend, sent: DeliveryStore, arrived: ArrivalStore) -> RedirectCommand:
    """The part of composition that sends octets on."""
    return RedirectCommand(
        interactions=backend.interactions,
        deliveries=sent,
        arrivals=arrived,
        documents=DocumentStore(backend.database, backend.clock),
        configuration=backend.configuration,
        clock=backend.clock,
    )


@pytest.fixture
async def mail(backend: Backend, arrived: ArrivalStore) -> Interaction:
    """A mail that agent1 works on, with the octets it came in."""
    arrival_id = await arrived.add(INVOICE, envelope(sender="ann@example.org"))
    return await backend.add_mail(
        state=State.ACCEPTED, owner_id="agent1", arrival_id=arrival_id, contact_id="c1"
    )
