"""Deletes mails that rules discarded, after the time that the description keeps them."""

from typing import Final

import structlog
from prometheus_client import Counter

from services.attachments.upload_sweeper import ABANDONED
from shared.domain.clock import Clock
from shared.faults import crash_point
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.files.vault import Vault
from shared.storage.mails.discarded_mails import (
    MOST_AT_ONCE,
    DiscardedMailStore,
    MarkedMail,
)
from shared.storage.upload_store import UploadStore

log = structlog.get_logger()

DELETED: Final = Counter("mailroom_discarded_mails_deleted_total", "Discarded mails deleted")


class DiscardedMailSweeper:
    """The sweep over discarded mails. Any number of pods may run it at the same time."""

    def __init__(
        self,
        *,
        mails: DiscardedMailStore,
        uploads: UploadStore,
        vault: Vault,
        configuration: ConfigurationStore,
        clock: Clock,
    ) -> None:
        self._mails = mails
        self._uploads = uploads
        self._vault = vault
        self._configuration = configuration
        self._clock = clock

    async def sweep(self) -> int:
        """Delete what is due, and what an earlier sweep did not finish; return how many mails."""
        keep = (await self._configuration.current()).retention.discarded
        now, count = self._clock.now(), 0
        found = MOST_AT_ONCE
        while found == MOST_AT_ONCE:
            if keep is not None:
                await self._mails.mark(now - keep, now)
                crash_point("attachments.after_discarded_mark")
            marked = await self._mails.marked()
            for mail in marked:
                count += await self._delete(mail)
            found = len(marked)
        if count:
            DELETED.inc(count)
            log.info("discarded mails deleted", count=count)
        return count

    async def _delete(self, mail: MarkedMail) -> bool:
        await self._mails.delete_parts(mail)
        crash_point("attachments.after_discarded_parts")
        before = self._clock.now() - ABANDONED
        for sha256 in mail.contents:
            # Another mail may have the same file.
            if not await self._uploads.is_referred(sha256):
                await self._vault.forget(sha256, before)
        crash_point("attachments.after_discarded_contents")
        return await self._mails.delete(mail)
