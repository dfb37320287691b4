"""The handler of the commands for attachments: calls one method for each."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from services.attachments.draft_attachments import DraftAttachments
from services.attachments.extraction import Extraction
from shared.contracts.commands import (
    AttachmentsCommand,
    ExtractDocuments,
    LinkDocument,
    UnlinkDocument,
)
from shared.contracts.envelope import Cause, Envelope
from shared.runtime.refusals import Refusals

Handler = Callable[[Envelope[AttachmentsCommand]], Awaitable[None]]


def attachments_handler(
    extraction: Extraction, draft_attachments: DraftAttachments, refusals: Refusals
) -> Handler:
    """Return the handler of the work queue."""

    async def on_command(envelope: Envelope[AttachmentsCommand]) -> None:
        match envelope.body:
            case ExtractDocuments() as command:
                await extraction.extract(command, envelope.cause)
            case LinkDocument() | UnlinkDocument() as command:
                await on_agent_command(command, envelope.cause)
            case never:
                assert_never(never)

    async def on_agent_command(command: LinkDocument | UnlinkDocument, cause: Cause) -> None:
        async with refusals.reported_to_agent(command, cause):
            match command:
                case LinkDocument():
                    await draft_attachments.link(command, cause)
                case UnlinkDocument():
                    await draft_attachments.unlink(command, cause)

    return on_command
