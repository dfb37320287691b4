"""Holds folders by lease, and has a fetcher for each of them."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.fetching import metrics
from services.fetching.folders.fetcher_parts import FetchedFolder
from services.fetching.store import FolderStore, HeldFolder, Orders
from shared.background_tasks import cancel_and_wait
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.domain.mailbox_health import Health
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails.mailbox_store import MailboxStore

log = structlog.get_logger()


class Fetcher(Protocol):
    """The fetcher of one folder; `FolderFetcher` is it."""

    async def run(self) -> None:
        """Fetch until canceled, or until another pod has the folder."""
        ...

    def wake(self) -> None:
        """Look at once, whatever it waits for."""
        ...


MakeFetcher = Callable[[FetchedFolder, HeldFolder], Fetcher]


@dataclass
class HeldFetcher:
    """A folder that this pod holds; nothing is fetched from one that is stopped."""

    folder: FetchedFolder
    fetcher: Fetcher
    task: "asyncio.Task[None]"
    look_wanted_at: datetime | None
    backfill_wanted_at: datetime | None


class MailboxWatch:
    """The folders of one pod, at most `most` of them. Another pod takes what is left."""

    def __init__(
        self,
        *,
        store: FolderStore,
        mailboxes: MailboxStore,
        configuration: ConfigurationStore,
        make_fetcher: MakeFetcher,
        clock: Clock,
        most: int,
        lease: timedelta,
    ) -> None:
        self._store = store
        self._mailboxes = mailboxes
        self._configuration = configuration
        self._make_fetcher = make_fetcher
        self._clock = clock
        self._most = most
        self._lease = lease
        self._kept: dict[str, HeldFetcher] = {}
        self._resting: set[str] = set()
        self._begun: ContactCenter | None = None
        self._sick: set[str] = set()

    async def assign_folders(self) -> None:
        """Take folders that nobody holds, let go of others, and pass orders on."""
        center = await self._configuration.current()
        if center is not self._begun:
            await self._mailboxes.add_described(center, self._clock.now())
            self._begun = center
        described = _described(center)
        await self._let_go(
            one for one, kept in self._kept.items() if described.get(one) != kept.folder
        )
        orders = {one.folder_id: one for one in await self._store.orders()}
        await self._pass_on(orders)
        room = self._most - len(self._kept) - len(self._resting)
        if room > 0:
            await self._take(described, room)

    async def renew(self) -> None:
        """Renew the leases."""
        if self._kept or self._resting:
            await self._store.renew(self._lease)

    async def report(self) -> None:
        """Set the metrics of all folders, whichever pod has them, and log which became sick."""
        described = _described(await self._configuration.current())
        now = self._clock.now()
        folders = await self._mailboxes.get(list(described))
        sick = set()
        for one in folders:
            health = one.health(now)
            metrics.SICK.labels(one.address, one.name).set(int(health is Health.SICK))
            metrics.BEHIND.labels(one.address, one.name).set(one.facts.behind)
            if health is Health.SICK:
                sick.add(f"{one.address}/{one.name}")
        for name in sick - self._sick:
            log.error("mailbox is sick", folder=name, do="run `mailroom mailboxes`")
        for name in self._sick & set(described) - sick:
            log.info("mailbox is well again", folder=name)
        for gone in self._sick - set(described):
            with suppress(KeyError):
                metrics.SICK.remove(*gone.split("/", 1))
        self._sick = sick

    async def stop(self) -> None:
        """End all fetchers, and let other pods have the folders at once."""
        held = [*self._kept, *self._resting]
        await cancel_and_wait(one.task for one in self._kept.values())
        self._kept.clear()
        with suppress(Unavailable):
            await self._store.give_back(held)

    async def _pass_on(self, orders: dict[str, Orders]) -> None:
        lost = [one for one in self._kept if one not in orders]
        ended = [one for one, kept in self._kept.items() if kept.task.done()]
        stopped = [one for one in self._kept if one in orders and orders[one].is_stopped]
        await self._end(stopped)
        self._resting |= set(stopped)
        started = {one for one in self._resting if one not in orders or not orders[one].is_stopped}
        self._resting -= started
        await self._let_go({*lost, *ended, *started})
        for name, kept in self._kept.items():
            wanted = orders[name]
            if (wanted.look_wanted_at, wanted.backfill_wanted_at) != (
                kept.look_wanted_at,
                kept.backfill_wanted_at,
            ):
                kept.look_wanted_at = wanted.look_wanted_at
                kept.backfill_wanted_at = wanted.backfill_wanted_at
                kept.fetcher.wake()

    async def _take(self, described: dict[str, FetchedFolder], room: int) -> None:
        free = await self._store.free_ones(self._clock.now(), list(described))
        for name in free[:room]:
            held = await self._store.lease(name, self._lease)
            if held is None:
                continue
            if held.is_stopped:
                self._resting.add(name)
                continue
            fetcher = self._make_fetcher(described[name], held)
            task = asyncio.create_task(fetcher.run())
            backfill_wanted_at = held.backfill.wanted_at if held.backfill else None
            self._kept[name] = HeldFetcher(
                described[name], fetcher, task, held.look_wanted_at, backfill_wanted_at
            )

    async def _let_go(self, names: Iterable[str]) -> None:
        """End fetchers and give their folders back; described ones are taken again."""
        gone = list(names)
        if gone:
            await self._end(gone)
            await self._store.give_back(gone)

    async def _end(self, names: Iterable[str]) -> None:
        kept = [self._kept.pop(one) for one in names if one in self._kept]
        await cancel_and_wait(one.task for one in kept)


def _described(center: ContactCenter) -> dict[str, FetchedFolder]:
    folders = [
        FetchedFolder(mailbox.address, name, mailbox.fetch)
        for mailbox in center.mailboxes
        if mailbox.fetch
        for name in mailbox.fetch.folders
    ]
    return {one.id: one for one in folders}
