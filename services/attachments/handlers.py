"""Takes the commands for attachments off the broker."""

from collections.abc import Awaitable, Callable

from services.attachments.extracting import Extraction
from shared.contracts.commands import ExtractDocuments
from shared.contracts.envelope import Envelope

Handler = Callable[[Envelope[ExtractDocuments]], Awaitable[None]]


def attachments_handler(extraction: Extraction) -> Handler:
    """Return the handler of the work queue."""

    async def on_command(envelope: Envelope[ExtractDocuments]) -> None:
        await extraction.extract(envelope.body)

    return on_command
