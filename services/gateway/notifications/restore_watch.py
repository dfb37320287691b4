"""Notices that the database was replaced by a backup, and makes every client start over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import structlog

from services.gateway.notifications.event_feed import EventFeed
from shared.background_tasks import run_periodically
from shared.domain.errors import Unavailable
from shared.storage.database.witness import Witness
from shared.storage.journal_generations import JournalGenerations

log = structlog.get_logger()

# One small read for each pod.
_EVERY: Final = timedelta(seconds=5)


class RestoreWatcher:
    """Compares the floor of journal positions in the database with the one seen before.

    `mailroom restored` begins a new generation of positions, which has a higher floor. A restore
    without that command is noticed by the witness, and the generation begins here.
    """

    def __init__(
        self, generations: JournalGenerations, witness: Witness, event_feed: EventFeed
    ) -> None:
        self._generations = generations
        self._witness = witness
        self._event_feed = event_feed
        self._floor: int | None = None
        self._is_restored = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for as long as the context lasts."""
        with suppress(Unavailable):
            await self.check()
        async with run_periodically(self.check, every=_EVERY):
            yield

    async def check(self) -> None:
        """Compare once, and restart the sessions of all clients where a generation has begun.

        Raises:
            Unavailable: The database does not answer.
        """
        if await self._witness.has_seen_a_restore():
            self._is_restored = True
            log.error(
                "the database was replaced by a backup while this pod ran: clients start over",
                do="run `mailroom restored`, which holds the mails that may have left already",
            )
        floor = await self._generations.floor()
        if self._is_restored and floor <= (self._floor or 0):
            floor = await self._generations.begin_generation(after=self._floor or 0)
        self._is_restored = False
        if self._floor not in (None, floor):
            self._event_feed.restart_all_sessions()
        self._floor = floor
