"""Marks stored mails as read, or moves them to another folder."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.fetching import folder_position, metrics
from services.fetching.folders.fetcher_parts import FetchedFolder, FetcherParts
from services.fetching.folders.folder_progress import FolderProgress
from services.fetching.imap import faults
from services.fetching.imap.faults import FolderFaultError
from services.fetching.imap.session_thread import SessionThread
from shared.domain.mailbox_health import Fault

log = structlog.get_logger()

_NO_MARKS_FOR: Final = timedelta(minutes=10)


class MailFiling:
    """The marks and moves in one folder."""

    def __init__(
        self, folder: FetchedFolder, progress: FolderProgress, parts: FetcherParts
    ) -> None:
        self._folder = folder
        self._progress = progress
        self._parts = parts
        self._no_marks: tuple[datetime, Fault] | None = None
        self._log = log.bind(mailbox=folder.address, folder=folder.name)

    @property
    def mark_fault(self) -> Fault | None:
        """The fault for which mails are stored without a mark at present."""
        if self._no_marks and self._no_marks[0] <= self._parts.clock.now():
            self._no_marks = None
        return self._no_marks[1] if self._no_marks else None

    async def file(self, thread: SessionThread, uids: Sequence[int]) -> None:
        """Mark or move stored mails; after three tries of one, it is told and left as it is.

        A server that ends the connection on each mark must not keep the mails behind it. It is not
        asked for marks again for ten minutes.

        Raises:
            FolderFaultError: The session ended with it; the position counts the tries.
        """
        if self._folder.fetch.then == "nothing":
            return
        if fault := self.mark_fault:
            await self._leave_unmarked(uids, fault.words)
            return
        together = not any(self._progress.position.failures(uid) for uid in uids)
        for some in [list(uids)] if together else [[uid] for uid in uids]:
            try:
                await self._file(thread, some)
            except FolderFaultError as error:
                if error.fault.needs_person:
                    raise
                await self._count_mark_failure(some[0], error)
                raise faults.unmarked(str(error)) from None
            self._progress.position = folder_position.filed(self._progress.position, some)

    async def _count_mark_failure(self, uid: int, error: FolderFaultError) -> None:
        position = folder_position.failed(self._progress.position, uid)
        await self._progress.advance(position)
        if position.gives_up(uid):
            rested = self._parts.clock.now() + _NO_MARKS_FOR
            self._no_marks = (rested, faults.unmarked(str(error)).fault)
            await self._leave_unmarked([uid], str(error))

    async def _leave_unmarked(self, uids: Sequence[int], words: str) -> None:
        position = folder_position.filed(self._progress.position, uids)
        for uid in uids:
            self._log.warning("mail not marked", uid=uid, reason=words)
            metrics.FETCHED.labels("not marked").inc()
            position = folder_position.noted(
                position, uid, f"it is stored, but not marked: {words}"
            )
        await self._progress.advance(position)

    async def _file(self, thread: SessionThread, uids: list[int]) -> None:
        """Mark or move mails. Those that cannot be moved are marked as read.

        A command that a server refuses for several mails is repeated for each of them. The mails
        are stored: a mark that is refused must not keep those behind it.
        """
        moves_to = self._folder.fetch.moves_to
        if moves_to and await self._is_done(thread, thread.session.move, uids, moves_to):
            return
        is_refused_together = bool(moves_to) and len(uids) > 1
        if not is_refused_together and await self._is_done(thread, thread.session.mark_seen, uids):
            return
        if len(uids) > 1:
            for uid in uids:
                await self._file(thread, [uid])

    async def _is_done(
        self, thread: SessionThread, act: Callable[..., None], uids: list[int], *more: str
    ) -> bool:
        """Mark or move mails; return False if the server refuses."""
        try:
            await thread.call(act, uids, *more, deadline=self._parts.limits.mail)
        except FolderFaultError as error:
            if error.fault.code != "refused":
                raise
            if len(uids) == 1:
                outcome = "not moved" if more else "not marked"
                self._log.warning(f"mail {outcome}", uid=uids[0], reason=error.fault.words)
                metrics.FETCHED.labels(outcome).inc()
            return False
        return True
