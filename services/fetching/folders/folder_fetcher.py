"""Fetches the mail of one folder for as long as this pod holds it: when to look, and for what."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, NoReturn

import structlog

from services.fetching import folder_position, metrics
from services.fetching.folder_position import FolderPosition
from services.fetching.folders.fetcher_parts import FetchedFolder, FetcherParts
from services.fetching.folders.folder_progress import FolderProgress
from services.fetching.folders.mail_filing import MailFiling
from services.fetching.folders.mail_transfer import MailTransfer
from services.fetching.folders.pauses import SHORTEST_AFTER_REFUSAL, pause_after
from services.fetching.imap import faults
from services.fetching.imap.faults import (
    FolderFaultError,
    LoginFaultError,
    MailFaultError,
    TokenRefusedError,
)
from services.fetching.imap.fetch_answers import Heading
from services.fetching.imap.fingerprints import fingerprint
from services.fetching.imap.session_thread import SessionThread
from services.fetching.store import Backfill, HeldFolder, LeaseLostError
from shared.contracts.fetching import Fetch
from shared.domain.errors import Unavailable
from shared.domain.mailbox_health import Fault

log = structlog.get_logger()

_BATCH: Final = 100
# A logout is a courtesy: everything is stored, so a slow server must not hold up the next try.
_LOGOUT_DEADLINE: Final = timedelta(seconds=2)
_SHORTEST_IDLE: Final = 1.0
_CLOCKS_APART: Final = timedelta(minutes=1)
"""Times of mails are the server's. Mail that came with the description must not be left out."""


class FolderFetcher:
    """One folder: looks, waits for news, and looks again; after a fault it pauses."""

    def __init__(self, folder: FetchedFolder, held: HeldFolder, parts: FetcherParts) -> None:
        self._folder = folder
        self._parts = parts
        self._store = parts.store
        self._progress = FolderProgress(folder.id, held.position, parts.store, parts.clock)
        self._since = _first_moment(folder.fetch) or held.described_at - _CLOCKS_APART
        self._faults = held.faults
        self._woken = asyncio.Event()
        self._older: Sequence[int] | None = None
        self._one_by_one = False
        self._without_heading: set[int] = set()
        self._log = log.bind(mailbox=folder.address, folder=folder.name)
        self._filing = MailFiling(folder, self._progress, parts)
        self._transfer = MailTransfer(folder, self._progress, parts, self._filing)

    @property
    def _position(self) -> FolderPosition:
        return self._progress.position

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
        is_of_mail = fault.code in {"mail", "marks"}
        self._faults = 1 if is_of_mail else self._faults + 1
        metrics.FAULTS.labels(fault.code).inc()
        tries = max((one.times for one in self._position.failed), default=1)
        pause = pause_after(
            tries if is_of_mail else self._faults, self._parts.random, is_login=is_login
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
        thread = await self._parts.open_session(self._folder.fetch)
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
            self._progress.position = replace(self._position, unfiled=())
            await self._store.clear_fault(self._folder.id)
            if self._filing.mark_fault:
                await self._note_fault(self._filing.mark_fault)
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
            await self._progress.advance(position)
        elif position.unfiled:
            await self._filing.file(thread, position.unfiled)

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
            self._progress.position, self._older = position, None

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
                len(
                    await self._unknown(thread, await self._headings(thread, batch), backfill.since)
                )
                for batch in _batches(uids)
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
                await self._fetch_new(thread, list(new[:_BATCH]))
            elif older:
                await self._fetch_older(thread, list(older[:_BATCH]))
                self._older = older[_BATCH:]
            else:
                if self._position.catch_up:
                    await self._progress.advance(folder_position.caught_up(self._position))
                return

    async def _new(self, thread: SessionThread) -> Sequence[int]:
        after = self._position.uid
        uids = await thread.call(thread.session.uids_after, after, deadline=self._parts.limits.look)
        return folder_position.pending(uids, after)

    async def _due_older(self, thread: SessionThread) -> Sequence[int]:
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
        # A UID without heading is gone meanwhile.
        await self._transfer.fetch(thread, [found.get(uid) or Heading(uid) for uid in uids])

    async def _fetch_older(self, thread: SessionThread, uids: list[int]) -> None:
        catch_up = self._position.catch_up
        if catch_up is None:
            return
        headings = await self._headings(thread, uids)
        await self._transfer.fetch(thread, await self._unknown(thread, headings, catch_up.since))
        if self._position.catch_up and self._position.catch_up.after < uids[-1]:
            await self._progress.advance(folder_position.settled(self._position, uids[-1]))

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

    async def _unknown(
        self, thread: SessionThread, headings: Sequence[Heading], since: datetime
    ) -> list[Heading]:
        """Return the mails that came since a time and are no interactions yet.

        A Message-ID is only a claim: another mail may have it. So a mail is known by its
        fingerprint as well; one that is fetched all the same is found to be a copy.
        """
        recent = [one for one in headings if one.received_at is None or one.received_at >= since]
        ids = [one.message_id for one in recent if one.message_id]
        if not ids:
            return recent
        known = await self._parts.known.fingerprints(self._folder.address, ids)
        alike = [one for one in recent if one.size and one.message_id in known]
        beginnings = await self._beginnings(thread, [one.uid for one in alike]) if alike else {}
        gone_through = {
            one.uid
            for one in alike
            if None in known[one.message_id]
            or fingerprint(one.size, beginnings.get(one.uid, b"")) in known[one.message_id]
        }
        return [one for one in recent if one.uid not in gone_through]

    async def _beginnings(self, thread: SessionThread, uids: Sequence[int]) -> dict[int, bytes]:
        try:
            return await thread.call(
                thread.session.beginnings, uids, deadline=self._parts.limits.look
            )
        except MailFaultError as error:
            self._log.warning("beginnings cannot be read together", reason=str(error))
            return {}

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
    return [list(uids[start : start + _BATCH]) for start in range(0, len(uids), _BATCH)]
