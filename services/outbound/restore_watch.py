"""Detects that the database was replaced by a backup, before mails that it calls due are sent."""

import structlog

from services.outbound.attempt_cause import cause_of
from services.outbound.retry_scheduler import RetryScheduler
from shared.domain.clock import Clock
from shared.runtime.lasting_witness import LastingWitness
from shared.storage.database.client import Database
from shared.storage.journal_generations import JournalGenerations
from shared.storage.mails.uncertain_deliveries import find_uncertain, mark_unfinished_uncertain

log = structlog.get_logger()


class RestoreWatcher:
    """Orders due attempts, unless the database has lost writes that it acknowledged.

    After such a loss any mail that looks due may have been sent since the backup, so all
    unfinished deliveries are held as mails in doubt. Positions of the journal would be given
    again, so a generation of them begins: the gateways may all have been stopped, and not know.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        witness: LastingWitness,
        retry_scheduler: RetryScheduler,
    ) -> None:
        self._database = database
        self._clock = clock
        self._witness = witness
        self._retry_scheduler = retry_scheduler
        self._is_restored = False

    async def check_at_start(self) -> None:
        """Hold all unfinished deliveries if a backup was restored while no outbound ran.

        Call it before anything is delivered.

        Raises:
            Unavailable: Broker or database do not answer.
        """
        if await self._witness.finds_a_restore():
            await self._hold()
            # Otherwise the next pod that starts would find the same old record, and hold again.
            await self._witness.has_seen_a_restore()

    async def request_due_attempts(self) -> None:
        """Order every due attempt; hold all unfinished deliveries first after a restore.

        Raises:
            Unavailable: Broker or database do not answer.
        """
        if await self._witness.has_seen_a_restore():
            self._is_restored = True
        if self._is_restored:
            await self._hold()
        await self._retry_scheduler.request_due_attempts()

    async def _hold(self) -> None:
        """Hold, inform and begin a generation; after an interruption do so once more."""
        held = await mark_unfinished_uncertain(self._database, self._clock)
        log.error(
            "the database was replaced by a backup: mails that were on their way are held",
            held=len(held),
            do="see `mailroom doubts`",
        )
        # Those that an interrupted hold has marked are in doubt as well, and their authors may not
        # know. For others the attempt finds the interaction up to date.
        async for delivery in find_uncertain(self._database):
            # The attempt finds the delivery in doubt and publishes that to its author.
            await self._retry_scheduler.request_attempt(delivery.id, cause_of(delivery))
        await JournalGenerations(self._database, self._clock).begin_generation()
        self._is_restored = False
