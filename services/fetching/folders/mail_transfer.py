"""Takes mails of a folder into the store, and then marks or moves them.

Mails are stored, then the position, then they are marked or moved. A crash after the first fetches
them once more, and the parser finds that they are copies; a crash after the second marks them at
the next start.

Small mails go together: one command, writes at the same time, one position, one mark. A mail that
is large, or of which the server does not say the size, comes in pieces that go straight into the
store. A try of it is written before, because it may be what ends the process.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import takewhile
from typing import Final

import structlog

from services.fetching import folder_position, metrics
from services.fetching.folder_position import TRIES
from services.fetching.folders.fetcher_parts import FetchedFolder, FetcherParts
from services.fetching.folders.folder_progress import FolderProgress
from services.fetching.folders.mail_filing import MailFiling
from services.fetching.imap import faults
from services.fetching.imap.faults import FolderFaultError, MailFaultError, MailGoneError
from services.fetching.imap.fetch_answers import Heading
from services.fetching.imap.fingerprints import fingerprint
from services.fetching.imap.session_thread import SessionThread
from shared.domain.errors import Unavailable
from shared.domain.ids import new_id, numbered_id
from shared.domain.mail_envelope import Way
from shared.faults import crash_point
from shared.intake.mail_intake import MailSource, Recipient
from shared.intake.refusals import MailLoopError, MailTooLargeError
from shared.storage.database.client import UnstorableError

log = structlog.get_logger()

_LARGE: Final = 1_000_000
_TOGETHER: Final = 1_000_000
"""Octets of small mails that are fetched by one command."""

_PIECE: Final = 512 * 1024
_IN_PIECES: Final = 4 * _PIECE
"""Octets that a mail takes in memory while it comes in pieces and is stored."""

_STORING: Final = timedelta(seconds=30)
_PER_OCTET: Final = timedelta(microseconds=0.5)


class MailTransfer:
    """The mails of one folder on their way into the store."""

    def __init__(
        self,
        folder: FetchedFolder,
        progress: FolderProgress,
        parts: FetcherParts,
        filing: MailFiling,
    ) -> None:
        self._filing = filing
        self._folder = folder
        self._progress = progress
        self._parts = parts
        self._singly: set[int] = set()
        self._understated: set[int] = set()
        self._log = log.bind(mailbox=folder.address, folder=folder.name)

    async def fetch(self, thread: SessionThread, headings: Sequence[Heading]) -> None:
        """Fetch, store and mark mails in order, or leave them out for good.

        Raises:
            FolderFaultError: A mail, or the session, failed; the position counts the tries.
            Unavailable: The database does not answer in time.
        """
        for group in self._groups(headings):
            stored = await self._fetch_together(thread, group) if len(group) > 1 else []
            settled = _before_gap([one.uid for one in group], stored)
            if settled:
                await self._settle(thread, settled)
            for heading in group[len(settled) :]:
                if heading.uid in stored:
                    await self._settle(thread, [heading.uid])
                else:
                    await self._fetch_alone(thread, heading)

    def _groups(self, headings: Sequence[Heading]) -> Iterator[list[Heading]]:
        """Yield the mails that are fetched together; those after the first may be alone."""
        group: list[Heading] = []
        for heading in headings:
            octets = sum(one.size for one in group) + heading.size
            fits = len(group) < self._parts.limits.together and octets <= _TOGETHER
            if group and not (fits and self._is_plain(group[-1]) and self._is_plain(heading)):
                yield group
                group = []
            group.append(heading)
        if group:
            yield group

    def _is_plain(self, heading: Heading) -> bool:
        """Say whether nothing is known against fetching a mail together with others."""
        return (
            heading.uid not in self._singly
            and not self._is_large(heading)
            and heading.size <= self._parts.limits.largest_mail
            and not self._progress.position.failures(heading.uid)
        )

    def _is_large(self, heading: Heading) -> bool:
        """Say whether a mail is large, or may be: not every server tells the size, or the truth."""
        return not 0 < heading.size <= _LARGE or heading.uid in self._understated

    async def _fetch_together(self, thread: SessionThread, headings: list[Heading]) -> list[int]:
        """Fetch small mails by one command; return the UIDs of those that are stored.

        Raises:
            FolderFaultError: The session ended with it; the next one fetches them one by one.
        """
        octets = sum(one.size for one in headings)
        uids = [one.uid for one in headings]
        async with self._parts.budget.reserve(2 * octets):
            try:
                bodies = await thread.call(
                    thread.session.bodies,
                    uids,
                    octets * 5 // 4,
                    deadline=self._parts.limits.mail + octets * _PER_OCTET,
                )
            except (MailFaultError, FolderFaultError) as error:
                self._log.warning("mails cannot be fetched together", reason=str(error))
                self._singly = set(uids)
                if getattr(error, "keeps_session", False):
                    return []
                raise faults.bad_mail(uids[0], f"nor those up to {uids[-1]}: {error}") from None
            crash_point("fetching.before_store")
            found = [one for one in headings if bodies.get(one.uid)]
            batch, host = new_id(), thread.session.where
            outcomes = await asyncio.gather(
                *(
                    self._take(bodies[one.uid], one, host, numbered_id(batch, at))
                    for at, one in enumerate(found)
                ),
                return_exceptions=True,
            )
        stored = [
            one.uid
            for one, outcome in zip(found, outcomes, strict=True)
            if not isinstance(outcome, BaseException)
        ]
        for outcome in outcomes:
            if isinstance(outcome, Unavailable):
                raise outcome
        return stored

    async def _fetch_alone(self, thread: SessionThread, heading: Heading) -> None:
        largest = self._parts.limits.largest_mail
        if heading.size > largest:
            await self._skip(heading.uid, f"it has {heading.size} bytes, more than {largest}")
            return
        is_large = self._is_large(heading)
        if is_large and not await self._begin_try(heading.uid):
            return
        try:
            async with self._parts.budget.reserve(_IN_PIECES if is_large else 2 * heading.size):
                take = self._take_pieces if is_large else self._take_alone
                await take(thread, heading)
        except (MailFaultError, FolderFaultError, UnstorableError) as error:
            await self._count_failure(heading.uid, error, is_counted=is_large)
        except (MailGoneError, MailTooLargeError, MailLoopError) as error:
            await self._leave_out(heading.uid, error)
        except (Unavailable, asyncio.CancelledError):
            if is_large:
                await self._give_try_back(heading.uid)
            raise
        else:
            await self._settle(thread, [heading.uid])

    async def _leave_out(self, uid: int, error: Exception) -> None:
        match error:
            case MailTooLargeError():
                await self._skip(uid, f"it is larger than {self._parts.limits.largest_mail} bytes")
            case MailLoopError():
                await self._skip(uid, f"it goes in circles: {error}")
            case _:
                position = folder_position.settled(self._progress.position, uid)
                await self._progress.advance(position)

    async def _begin_try(self, uid: int) -> bool:
        """Count a try before it; return False if the mail has had its last one."""
        position = self._progress.position
        if position.gives_up(uid):
            await self._skip(uid, f"fetching ended {TRIES} times while it was being fetched")
            return False
        await self._progress.advance(folder_position.failed(position, uid))
        return True

    async def _give_try_back(self, uid: int) -> None:
        """Take a try back that ended for another reason; without the database it is kept."""
        position = folder_position.forgiven(self._progress.position, uid)
        for _ in range(self._progress.position.failures(uid) - 1):
            position = folder_position.failed(position, uid)
        with suppress(Exception):
            await self._progress.advance(position)

    async def _take_alone(self, thread: SessionThread, heading: Heading) -> None:
        """Fetch and store a small mail.

        Raises:
            MailGoneError: It was removed meanwhile.
            MailFaultError: The server does not give it, or more than it said.
        """
        try:
            bodies = await thread.call(
                thread.session.bodies,
                [heading.uid],
                heading.size * 5 // 4,
                deadline=self._parts.limits.mail + heading.size * _PER_OCTET,
            )
            body = bodies.get(heading.uid)
            if body is None:
                deadline = self._parts.limits.mail
                raise await thread.call(thread.session.why_absent, heading.uid, deadline=deadline)
        except (MailFaultError, FolderFaultError):
            # It may be larger than the server says, so that its next try has more room.
            self._understated.add(heading.uid)
            raise
        crash_point("fetching.before_store")
        await self._take(body, heading, thread.session.where)

    async def _take(
        self, body: bytes, heading: Heading, host: str, arrival_id: str | None = None
    ) -> None:
        """Store a mail that is in memory; mails of a batch have ids in its order.

        Raises:
            Unavailable: The database does not answer in time.
        """
        address = self._folder.address
        try:
            async with asyncio.timeout(_STORING.total_seconds()):
                await self._parts.intake.receive(
                    body,
                    sender=None,
                    recipients=[Recipient(address, address)],
                    source=_source(heading, body, host),
                    arrival_id=arrival_id,
                )
        except TimeoutError:
            raise Unavailable("storing a mail takes too long") from None

    async def _take_pieces(self, thread: SessionThread, heading: Heading) -> None:
        """Store a mail while it comes; errors as for `_take_alone`."""
        address = self._folder.address
        pieces = self._pieces(thread, heading)
        first = await anext(pieces)
        crash_point("fetching.before_store")
        await self._parts.intake.receive_stream(
            _concatenated(first, pieces),
            sender=None,
            recipients=[Recipient(address, address)],
            source=_source(heading, first, thread.session.where),
        )

    async def _pieces(self, thread: SessionThread, heading: Heading) -> AsyncIterator[bytes]:
        """Yield a mail in pieces; only the time that the server takes counts."""
        loop, limits = asyncio.get_running_loop(), self._parts.limits
        octets, waited = 0, 0.0
        while True:
            # One octet more than allowed shows that a mail is too large.
            asked = min(_PIECE, limits.largest_mail + 1 - octets)
            left = limits.mail + octets * _PER_OCTET - timedelta(seconds=waited)
            began = loop.time()
            piece = await thread.call(
                thread.session.piece, heading.uid, octets, asked, deadline=left
            )
            waited += loop.time() - began
            octets += len(piece)
            if piece:
                yield piece
            if not piece or (len(piece) < asked and octets >= heading.size > 0):
                return

    async def _settle(self, thread: SessionThread, uids: list[int]) -> None:
        """Write down that mails are stored, and mark or move them."""
        crash_point("fetching.after_store")
        is_filed = self._folder.fetch.then != "nothing"
        position = self._progress.position
        for uid in uids:
            position = folder_position.settled(position, uid, filing=is_filed)
        metrics.FETCHED.labels("stored").inc(len(uids))
        self._understated.difference_update(uids)
        await self._progress.advance_fetched(position, len(uids))
        crash_point("fetching.after_watermark")
        if is_filed:
            await self._filing.file(thread, uids)
        crash_point("fetching.after_flag")

    async def _count_failure(self, uid: int, error: Exception, *, is_counted: bool) -> None:
        """Count a try; skip the mail after the last one, and go on if the session still works."""
        position = self._progress.position
        if not is_counted:
            position = folder_position.failed(position, uid)
        if not position.gives_up(uid):
            await self._progress.advance(position)
            raise faults.bad_mail(uid, str(error)) from None
        await self._skip(uid, f"it failed {TRIES} times: {error}")
        if not (isinstance(error, UnstorableError) or getattr(error, "keeps_session", False)):
            raise faults.bad_mail(uid, str(error)) from None

    async def _skip(self, uid: int, reason: str) -> None:
        """Leave a mail in its folder, and tell it once."""
        self._log.error("mail left in its folder", uid=uid, reason=reason)
        metrics.FETCHED.labels("skipped").inc()
        self._understated.discard(uid)
        position = folder_position.skipped(self._progress.position, uid, reason)
        await self._progress.advance(position)


def _before_gap(uids: Sequence[int], stored: Collection[int]) -> list[int]:
    """Return the first UIDs, up to one that is not stored."""
    return list(takewhile(lambda uid: uid in stored, uids))


def _source(heading: Heading, beginning: bytes, host: str) -> MailSource:
    return MailSource(
        Way.IMAP,
        "IMAP",
        name=host,
        fingerprint=fingerprint(heading.size, beginning),
    )


async def _concatenated(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
