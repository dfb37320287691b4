"""Fetches the mail of one folder for as long as this pod holds it.

A mail is stored, then the position, then it is marked or moved. A crash after the first fetches it
once more, and the parser finds that it is a copy; a crash after the second marks it at the next
start.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Final, NoReturn

import structlog

from services.fetching import folder_position, metrics
from services.fetching.folder_position import FolderPosition
from services.fetching.imap import faults
from services.fetching.imap.faults import (
    FolderFaultError,
    LoginFaultError,
    MailFaultError,
    MailGoneError,
    TokenRefusedError,
)
from services.fetching.imap.imap_session import Heading
from services.fetching.imap.session_thread import SessionThread
from services.fetching.logins import MailboxLogins
from services.fetching.pauses import SHORTEST_AFTER_REFUSAL, pause_after
from services.fetching.store import Backfill, FolderStore, HeldFolder, KnownMails, LeaseLostError
from shared.contracts.fetching import Fetch
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.domain.mail_envelope import Way
from shared.domain.mailbox_health import Fault
from shared.faults import crash_point
from shared.intake.mail_intake import MailIntake, MailSource, Recipient
from shared.intake.refusals import MailLoopError, MailTooLargeError
from shared.storage.database.client import UnstorableError
from shared.storage.mails.mailbox_store import folder_id

log = structlog.get_logger()

_BATCH: Final = 100
_LARGE: Final = 1_000_000
_LOGOUT_DEADLINE: Final = timedelta(seconds=2)
_SHORTEST_IDLE: Final = 1.0
_STORING: Final = timedelta(seconds=30)
_CLOCKS_APART: Final = timedelta(minutes=1)
"""Times of mails are the server's. Mail that came with the description must not be left out."""

_PER_OCTET: Final = timedelta(microseconds=0.5)


@dataclass(frozen=True, slots=True)
class FetchedFolder:
    """A folder of a mailbox, as it is described."""

    address: str
    name: str
    fetch: Fetch

    @property
    def id(self) -> str:
        """The id of its document."""
        return folder_id(self.address, self.name)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a mail may be, and how long a server may take."""

    largest_mail: int
    look: timedelta
    mail: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class FetcherParts:
    """The parts that all fetchers of a pod share.

    `large_mails` bounds how many mails over a megabyte are fetched at the same time.
    """

    store: FolderStore
    known: KnownMails
    intake: MailIntake
    logins: MailboxLogins
    clock: Clock
    random: Random
    limits: Limits
    large_mails: asyncio.Semaphore


class FolderFetcher:
    """One folder: looks, waits for news, and looks again; after a fault it pauses."""

    def __init__(self, folder: FetchedFolder, held: HeldFolder, parts: FetcherParts) -> None:
        self._folder = folder
        self._parts = parts
        self._store = parts.store
        self._position = held.position
        self._since = _first_moment(folder.fetch) or held.described_at - _CLOCKS_APART
        self._faults = held.faults
        self._today = ("", 0)
        self._woken = asyncio.Event()
        self._older: list[int] | None = None
        self._one_by_one = False
        self._without_heading: set[int] = set()
        self._log = log.bind(mailbox=folder.address, folder=folder.name)

    def wake(self) -> None:
        """Have the fetcher look at once, whatever it waits for."""
        self._woken.set()

    async def run(self) -> None:
        """Fetch until canceled, or until another pod has the folder."""
        while True:
            # The try that begins now answers the wake, however it ends. A wake that stayed set
            # would end every later pause at once.
            self._woken.clear()
            try:
                pause = await self._run_until_fault()
            except LeaseLostError:
                self._log.warning("another pod has this folder")
                return
            except Unavailable as error:
                self._log.warning("mail cannot be stored", reason=str(error))
                pause = pause_after(1, self._parts.random)
            await self._wait_for_wake(pause)

    async def _run_until_fault(self) -> timedelta:
        """Fetch until something is wrong; return how long to wait then."""
        try:
            async with self._session() as thread:
                return await self._follow(thread)
        except FolderFaultError as error:
            is_login = isinstance(error, LoginFaultError) and not isinstance(
                error, TokenRefusedError
            )
            pause = await self._note_fault(error.fault, is_login=is_login)
            return await self._sit_out(pause) if is_login else pause
        except (LeaseLostError, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - one folder must never end the others
            self._log.error("fetching failed", exc_info=error)
            return await self._note_fault(faults.internal(error))

    async def _note_fault(self, fault: Fault, *, is_login: bool = False) -> timedelta:
        # A mail that cannot be fetched is no fault of its folder: the look has reached it.
        is_of_mail = fault.code == "mail"
        self._faults = 1 if is_of_mail else self._faults + 1
        metrics.FAULTS.labels(fault.code).inc()
        pause = pause_after(
            self._position.failures if is_of_mail else self._faults,
            self._parts.random,
            is_login=is_login,
        )
        self._log.warning(
            "folder cannot be fetched",
            fault=fault.code,
            reason=fault.words,
            faults=self._faults,
            pause=round(pause.total_seconds(), 1),
        )
        await self._store.write_fault(self._folder.id, self._parts.clock.now(), fault, self._faults)
        return pause

    async def _sit_out(self, pause: timedelta) -> timedelta:
        """Wait for the part of a pause that nobody may end; return the rest of it."""
        shortest = min(pause, SHORTEST_AFTER_REFUSAL)
        await asyncio.sleep(shortest.total_seconds())
        return pause - shortest

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[SessionThread]:
        thread = await self._parts.logins.open(self._folder.fetch)
        try:
            yield thread
        finally:
            await thread.close(_LOGOUT_DEADLINE)

    async def _follow(self, thread: SessionThread) -> NoReturn:
        """Look and wait for news, again and again."""
        await self._open(thread)
        while True:
            self._woken.clear()
            await self._carry_out_backfill(thread)
            await self._look(thread)
            self._faults = 0
            self._position = replace(self._position, filing=0)
            await self._store.clear_fault(self._folder.id)
            await self._wait_for_news(thread)

    async def _open(self, thread: SessionThread) -> None:
        """Open the folder, and find out whether its UIDs still mean what they meant."""
        opened = await thread.call(
            thread.session.open,
            self._folder.name,
            self._position.uid,
            self._folder.fetch.then != "nothing",
            deadline=self._parts.limits.look,
        )
        position = folder_position.reconciled(self._position, opened, self._since)
        self._older = None
        if position != self._position:
            self._without_heading.clear()
            self._log.info(
                "folder is gone through",
                uid_validity=opened.uid_validity,
                was=self._position.uid_validity,
                since=self._since.isoformat(),
            )
            await self._advance(position)
        elif position.filing:
            await self._file(thread, position.filing)

    async def _carry_out_backfill(self, thread: SessionThread) -> None:
        """Carry out a backfill that an operator wants."""
        backfill = await self._store.backfill(self._folder.id)
        if backfill is None:
            return
        position = folder_position.going_back(self._position, backfill.since)
        if backfill.only_count:
            count = await self._count(thread, position, backfill)
            await self._store.write_count(self._folder.id, backfill, count)
        else:
            self._log.info("backfill", since=backfill.since.isoformat())
            await self._store.begin_backfill(self._folder.id, position, backfill)
            self._position, self._older = position, None

    async def _count(
        self, thread: SessionThread, position: FolderPosition, backfill: Backfill
    ) -> int:
        """Return how many mails a backfill would fetch."""
        if position.catch_up is None:
            return 0
        uids = await thread.call(
            thread.session.uids_since,
            backfill.since,
            0,
            position.catch_up.until,
            deadline=self._parts.limits.look,
        )
        return sum(
            [
                len(await self._unknown(await self._headings(thread, batch), backfill.since))
                for batch in _batches(sorted(uids))
            ]
        )

    async def _look(self, thread: SessionThread) -> None:
        """Fetch all mails that are new, and go through older ones where that is due."""
        while True:
            new = await self._new(thread)
            older = await self._due_older(thread)
            behind = len(new) + len(older)
            await self._store.write_look(self._folder.id, self._parts.clock.now(), behind)
            if new:
                await self._fetch_new(thread, new[:_BATCH])
            elif older:
                await self._fetch_older(thread, older[:_BATCH])
                del older[:_BATCH]
            else:
                if self._position.catch_up:
                    await self._advance(folder_position.caught_up(self._position))
                return

    async def _new(self, thread: SessionThread) -> list[int]:
        after = self._position.uid
        uids = await thread.call(thread.session.uids_after, after, deadline=self._parts.limits.look)
        return folder_position.pending(uids, after)

    async def _due_older(self, thread: SessionThread) -> list[int]:
        """Return the older UIDs that are still to be gone through; they are searched once."""
        catch_up = self._position.catch_up
        if catch_up is None:
            return []
        if self._older is None:
            uids = await thread.call(
                thread.session.uids_since,
                catch_up.since,
                catch_up.after,
                catch_up.until,
                deadline=self._parts.limits.look,
            )
            self._older = folder_position.pending(uids, catch_up.after, catch_up.until)
        return self._older

    async def _fetch_new(self, thread: SessionThread, uids: list[int]) -> None:
        found = {one.uid: one for one in await self._headings(thread, uids)}
        for uid in uids:
            # A UID without heading is gone meanwhile.
            await self._fetch(thread, found.get(uid) or Heading(uid))

    async def _fetch_older(self, thread: SessionThread, uids: list[int]) -> None:
        catch_up = self._position.catch_up
        if catch_up is None:
            return
        headings = await self._headings(thread, uids)
        for heading in await self._unknown(headings, catch_up.since):
            await self._fetch(thread, heading)
        if self._position.catch_up and self._position.catch_up.after < uids[-1]:
            await self._advance(folder_position.settled(self._position, uids[-1]))

    async def _headings(self, thread: SessionThread, uids: Sequence[int]) -> list[Heading]:
        """Return what is known of mails; after a fault they are asked for one by one.

        Strangers write mails, so the heading of one must never keep those behind it.

        Raises:
            FolderFaultError: The session ended with it; the next one goes on one by one.
        """
        if not self._one_by_one:
            try:
                return await self._ask_for_headings(thread, uids)
            except (MailFaultError, FolderFaultError) as error:
                self._log.warning("headings cannot be read together", reason=str(error))
                self._one_by_one = True
                if isinstance(error, FolderFaultError):
                    raise
        found = [one for uid in uids for one in await self._heading(thread, uid)]
        self._one_by_one = False
        return found

    async def _heading(self, thread: SessionThread, uid: int) -> list[Heading]:
        """Return the heading of a mail, an empty one if it cannot be read, none if it is gone."""
        if uid in self._without_heading:
            return [Heading(uid)]
        try:
            return await self._ask_for_headings(thread, [uid])
        except (MailFaultError, FolderFaultError) as error:
            self._log.warning("heading cannot be read", uid=uid, reason=str(error))
            self._without_heading.add(uid)
            if isinstance(error, FolderFaultError):
                raise faults.bad_mail(uid, str(error)) from None
            return [Heading(uid)]

    async def _ask_for_headings(self, thread: SessionThread, uids: Sequence[int]) -> list[Heading]:
        return await thread.call(thread.session.headings, uids, deadline=self._parts.limits.look)

    async def _unknown(self, headings: Sequence[Heading], since: datetime) -> list[Heading]:
        """Return the mails that came since a time and are no interactions yet."""
        recent = [one for one in headings if one.received_at is None or one.received_at >= since]
        ids = [one.message_id for one in recent if one.message_id]
        known = await self._parts.known.among(self._folder.address, ids) if ids else set()
        return [one for one in recent if one.message_id not in known]

    async def _fetch(self, thread: SessionThread, heading: Heading) -> None:
        """Fetch, store and mark one mail, or leave it out for good.

        Raises:
            FolderFaultError: The mail, or the session, failed; the position counts the tries.
        """
        largest = self._parts.limits.largest_mail
        if heading.size > largest:
            await self._skip(heading.uid, f"it has {heading.size} bytes, more than {largest}")
            return
        room = self._parts.large_mails if heading.size > _LARGE else nullcontext()
        async with room:
            try:
                body = await thread.call(
                    thread.session.body,
                    heading,
                    largest,
                    deadline=self._parts.limits.mail + heading.size * _PER_OCTET,
                )
                crash_point("fetching.before_store")
                await self._take(body, thread.session.where)
            except MailGoneError:
                await self._advance(folder_position.settled(self._position, heading.uid))
                return
            except MailTooLargeError:
                await self._skip(heading.uid, f"it is larger than {largest} bytes")
                if thread.session.is_cut:
                    raise faults.bad_mail(heading.uid, "it is too large") from None
                return
            except MailLoopError:
                await self._skip(heading.uid, "it goes in circles: too many Received lines")
                return
            except (MailFaultError, FolderFaultError, UnstorableError) as error:
                await self._count_failure(heading.uid, error)
                return
        crash_point("fetching.after_store")
        await self._note_fetched(heading.uid)
        crash_point("fetching.after_watermark")
        await self._file(thread, heading.uid)
        crash_point("fetching.after_flag")

    async def _take(self, body: bytes, host: str) -> None:
        """Store a mail.

        Raises:
            Unavailable: The database does not answer in time.
        """
        address = self._folder.address
        try:
            async with asyncio.timeout(_STORING.total_seconds()):
                await self._parts.intake.take(
                    body,
                    sender=None,
                    recipients=[Recipient(address, address)],
                    source=MailSource(Way.IMAP, "IMAP", name=host),
                )
        except TimeoutError:
            raise Unavailable("storing a mail takes too long") from None

    async def _note_fetched(self, uid: int) -> None:
        now = self._parts.clock.now()
        day, mails = self._today
        today = f"{now:%Y-%m-%d}"
        self._today = (today, mails + 1 if day == today else 1)
        is_filed = self._folder.fetch.then != "nothing"
        self._position = folder_position.settled(self._position, uid, filing=is_filed)
        metrics.FETCHED.labels("stored").inc()
        await self._store.write_fetched(self._folder.id, self._position, now, self._today[1])

    async def _count_failure(self, uid: int, error: Exception) -> None:
        """Count a try; skip the mail after the last one, and go on if the session still works."""
        position = folder_position.failed(self._position, uid)
        if not position.gives_up:
            await self._advance(position)
            raise faults.bad_mail(uid, str(error)) from None
        await self._skip(uid, f"it failed {folder_position.TRIES} times: {error}")
        if not (isinstance(error, UnstorableError) or getattr(error, "keeps_session", False)):
            raise faults.bad_mail(uid, str(error)) from None

    async def _skip(self, uid: int, reason: str) -> None:
        """Leave a mail in its folder, and tell it once."""
        self._log.error("mail left in its folder", uid=uid, reason=reason)
        metrics.FETCHED.labels("skipped").inc()
        await self._advance(folder_position.skipped(self._position, uid, reason))

    async def _file(self, thread: SessionThread, uid: int) -> None:
        """Mark or move a stored mail. Where it cannot be moved, it is marked as read."""
        moves_to, deadline = self._folder.fetch.moves_to, self._parts.limits.mail
        if moves_to is not None:
            try:
                await thread.call(thread.session.move, uid, moves_to, deadline=deadline)
            except FolderFaultError as error:
                if error.fault.code != "refused":
                    raise
                self._log.warning("mail not moved", uid=uid, reason=error.fault.words)
                metrics.FETCHED.labels("not moved").inc()
            else:
                return
        if self._folder.fetch.then == "nothing":
            return
        try:
            await thread.call(thread.session.mark_seen, uid, deadline=deadline)
        except FolderFaultError as error:
            if error.fault.code != "refused":
                raise
            # The mail is stored: a mark that the server refuses must not keep those behind it.
            self._log.warning("mail not marked", uid=uid, reason=error.fault.words)
            metrics.FETCHED.labels("not marked").inc()

    async def _advance(self, position: FolderPosition) -> None:
        self._position = position
        await self._store.write_position(self._folder.id, position)

    async def _wait_for_news(self, thread: SessionThread) -> None:
        """Return when there may be new mail, or when it is time to look in any case."""
        if not thread.session.has_idle:
            await self._wait_for_wake(self._folder.fetch.every)
            await thread.call(thread.session.check, deadline=self._parts.limits.look)
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._parts.limits.idle.total_seconds()
        while not self._woken.is_set() and loop.time() < ends:
            began = loop.time()
            if await self._idle(thread, ends - began):
                return
            # A server that keeps telling of nothing new is asked no more than once a second.
            await self._wait_for_wake(timedelta(seconds=began + _SHORTEST_IDLE - loop.time()))

    async def _idle(self, thread: SessionThread, seconds: float) -> bool:
        """Wait in IDLE for any word of the server; return whether it told of new mail."""
        deadline = self._parts.limits.look
        file = await thread.call(thread.session.begin_idle, deadline=deadline)
        if file is not None:
            await self._wait_until_readable(file, seconds)
        return await thread.call(thread.session.end_idle, deadline=deadline)

    async def _wait_until_readable(self, file: int, seconds: float) -> None:
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(file, readable.set)
        waiting = [asyncio.ensure_future(one.wait()) for one in (readable, self._woken)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(file)
            for one in waiting:
                one.cancel()

    async def _wait_for_wake(self, longest: timedelta) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest.total_seconds())):
                await self._woken.wait()


def _first_moment(fetch: Fetch) -> datetime | None:
    return datetime.combine(fetch.since, time.min, UTC) if fetch.since else None


def _batches(uids: Sequence[int]) -> list[Sequence[int]]:
    return [uids[start : start + _BATCH] for start in range(0, len(uids), _BATCH)]
