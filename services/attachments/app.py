"""Builds the attachments service from its parts and runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.attachments.discarded_mail_sweeper import DiscardedMailSweeper
from services.attachments.draft_attachments import DraftAttachments
from services.attachments.extraction import Extraction
from services.attachments.handlers import attachments_handler
from services.attachments.settings import AttachmentsSettings
from services.attachments.upload_sweeper import UploadSweeper
from shared.background_tasks import run_periodically
from shared.messaging.topology import ATTACHMENTS
from shared.runtime.refusals import Refusals
from shared.runtime.resources import Resources
from shared.runtime.worker_consumer import running_consumer
from shared.storage.files.document_store import DocumentStore
from shared.storage.mails.discarded_mails import DiscardedMailStore
from shared.storage.upload_store import UploadStore


@asynccontextmanager
async def start(settings: AttachmentsSettings, resources: Resources) -> AsyncIterator[None]:
    """Extract, link and sweep documents for as long as the context lasts."""
    extraction = Extraction(
        arrivals=resources.arrivals,
        interactions=resources.interactions,
        documents=DocumentStore(resources.database, resources.clock),
        vault=resources.vault,
        configuration=resources.configuration,
    )
    uploads = UploadStore(resources.database, resources.clock)
    draft_attachments = DraftAttachments(
        interactions=resources.interactions,
        uploads=uploads,
        configuration=resources.configuration,
    )
    sweeper = UploadSweeper(
        interactions=resources.interactions,
        uploads=uploads,
        vault=resources.vault,
        clock=resources.clock,
    )
    discarded = DiscardedMailSweeper(
        mails=DiscardedMailStore(resources.database),
        uploads=uploads,
        vault=resources.vault,
        configuration=resources.configuration,
        clock=resources.clock,
    )
    handler = attachments_handler(extraction, draft_attachments, Refusals.of(resources))
    async with running_consumer(settings, resources, ATTACHMENTS) as consumer:
        consumer.subscriber(handler)
        async with (
            run_periodically(sweeper.sweep, every=settings.sweep),
            run_periodically(discarded.sweep, every=settings.sweep),
            consumer.running(),
        ):
            yield
