"""Builds composition from its parts and runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.composition.acknowledgement import Acknowledgements
from services.composition.drafts import DraftCommands
from services.composition.handlers import composition_handler
from services.composition.redirect import RedirectCommand
from services.composition.settings import CompositionSettings
from services.composition.submission import Submission
from shared.messaging.topology import COMPOSITION
from shared.runtime.refusals import Refusals
from shared.runtime.resources import Resources
from shared.runtime.worker_consumer import running_consumer
from shared.storage.files.document_store import DocumentStore
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.upload_store import UploadStore


@asynccontextmanager
async def start(settings: CompositionSettings, resources: Resources) -> AsyncIterator[None]:
    """Run composition for as long as the context lasts."""
    drafts = DraftCommands(
        interactions=resources.interactions,
        documents=DocumentStore(resources.database, resources.clock),
        uploads=UploadStore(resources.database, resources.clock),
        submission=Submission(
            interactions=resources.interactions,
            deliveries=resources.deliveries,
            documents=DocumentStore(resources.database, resources.clock),
            vault=resources.vault,
        ),
        configuration=resources.configuration,
        clock=resources.clock,
        reply_all_includes_to=settings.reply_all_includes_to,
    )
    redirect = RedirectCommand(
        interactions=resources.interactions,
        deliveries=resources.deliveries,
        arrivals=resources.arrivals,
        documents=DocumentStore(resources.database, resources.clock),
        configuration=resources.configuration,
        clock=resources.clock,
    )
    acknowledgements = Acknowledgements(
        interactions=resources.interactions,
        deliveries=resources.deliveries,
        allowances=AllowanceStore(resources.database),
        configuration=resources.configuration,
        clock=resources.clock,
    )
    async with running_consumer(settings, resources, COMPOSITION) as consumer:
        consumer.subscriber(
            composition_handler(drafts, redirect, acknowledgements, Refusals.of(resources))
        )
        async with consumer.running():
            yield
