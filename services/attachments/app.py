"""Composes attachments: the one place that knows all of its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.attachments.extracting import Extraction
from services.attachments.handlers import attachments_handler
from services.attachments.settings import AttachmentsSettings
from shared.messaging.topology import ATTACHMENTS
from shared.runtime.chores import repeating
from shared.runtime.consuming import consuming
from shared.runtime.resources import Resources
from shared.storage.documents import DocumentStore

_CLEANING: Final = timedelta(hours=1)
_ABANDONED: Final = timedelta(days=1)


@asynccontextmanager
async def start(settings: AttachmentsSettings, resources: Resources) -> AsyncIterator[None]:
    """Extract documents for as long as the context lasts."""
    extraction = Extraction(
        arrivals=resources.arrivals,
        interactions=resources.interactions,
        documents=DocumentStore(resources.database, resources.clock),
        vault=resources.vault,
    )

    async def forget_unfinished() -> None:
        await resources.vault.forget_unfinished(resources.clock.now() - _ABANDONED)

    async with consuming(settings, resources, ATTACHMENTS) as consumer:
        consumer.subscriber(attachments_handler(extraction))
        async with repeating(forget_unfinished, every=_CLEANING), consumer.running():
            yield
