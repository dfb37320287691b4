"""Deletes documents that no draft has: uploads that were never linked, and removed files."""

from datetime import timedelta
from typing import Final

import structlog

from shared.domain.clock import Clock
from shared.domain.errors import UnknownInteractionError
from shared.mail.draft_attachments import has_attachment
from shared.storage.files.document_store import StoredDocument
from shared.storage.files.vault import Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.upload_store import UploadStore

log = structlog.get_logger()

ABANDONED: Final = timedelta(days=1)
"""The age at which a document may go: longer than any upload or retry of its command takes."""


class UploadSweeper:
    """The sweep over unlinked documents. Any number of pods may run it at the same time."""

    def __init__(
        self, *, interactions: InteractionStore, uploads: UploadStore, vault: Vault, clock: Clock
    ) -> None:
        self._interactions = interactions
        self._uploads = uploads
        self._vault = vault
        self._clock = clock

    async def sweep(self) -> int:
        """Delete documents abandoned a day ago, and their bytes; return how many."""
        before, count = self._clock.now() - ABANDONED, 0
        async for document in self._uploads.unsettled(before):
            if await self._is_listed(document):
                await self._uploads.mark_done([document.id])
            # A command that links the document at this moment has touched it, and it stays.
            elif await self._uploads.forget(document):
                count += 1
                if not await self._uploads.is_referred(document.content.sha256):
                    await self._vault.forget(document.content.sha256, before)
        await self._vault.forget_unfinished(before)
        log.info("documents swept", count=count)
        return count

    async def _is_listed(self, document: StoredDocument) -> bool:
        try:
            found = await self._interactions.get(document.interaction_id, with_text=False)
        except UnknownInteractionError:
            return False
        return has_attachment(found.mail, document.id)
