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
from tests.support.ingest import envelope
from tests.support.world import World

RAW = b"From: ann@example.org\r\nSubject: Invoice 17\r\n\r\nHello\r\n"


@pytest.fixture
def documents(world: World) -> DocumentStore:
    """The documents of all mails."""
    return DocumentStore(world.database, world.clock)


@pytest.fixture
def sent(world: World) -> DeliveryStore:
    """The deliveries that composition adds to."""
    outbox = CollectionOutbox(world.database[delivery_store.COLLECTION])
    outbox_publisher = OutboxPublisher(world.publisher, outbox)
    return DeliveryStore(world.database, world.clock, outbox_publisher.announce)


@pytest.fixture
def arrived(world: World) -> ArrivalStore:
    """The mails as they came."""
    outbox = CollectionOutbox(world.database[arrival_store.COLLECTION])
    outbox_publisher = OutboxPublisher(world.publisher, outbox)
    vault = Vault(world.database, world.clock)
    return ArrivalStore(world.database, vault, world.clock, outbox_publisher)


@pytest.fixture
def drafts(world: World, sent: DeliveryStore, documents: DocumentStore) -> DraftCommands:
    """Composition without its process."""
    return DraftCommands(
        interactions=world.interactions,
        documents=documents,
        uploads=UploadStore(world.database, world.clock),
        submission=Submission(
            interactions=world.interactions,
            deliveries=sent,
            documents=documents,
            vault=Vault(world.database, world.clock),
        ),
        configuration=world.configuration,
        clock=world.clock,
        reply_all_includes_to=True,
    )


@pytest.fixture
def redirecting(world: World, sent: DeliveryStore, arrived: ArrivalStore) -> RedirectCommand:
    """The part of composition that sends octets on."""
    return RedirectCommand(
        interactions=world.interactions,
        deliveries=sent,
        arrivals=arrived,
        configuration=world.configuration,
        clock=world.clock,
    )


@pytest.fixture
async def mail(world: World, arrived: ArrivalStore) -> Interaction:
    """A mail that agent1 works on, with the octets it came in."""
    arrival_id = await arrived.add(RAW, envelope(sender="ann@example.org"))
    return await world.receive(
        state=State.ACCEPTED, owner_id="agent1", arrival_id=arrival_id, contact_id="c1"
    )
