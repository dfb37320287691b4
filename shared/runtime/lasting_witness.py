"""A witness whose count is also kept in the broker, so that it outlives the process."""

from contextlib import suppress

from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.messaging.record import BrokerRecord
from shared.storage.database.client import Database
from shared.storage.database.witness import Witness, WitnessCount, contradicts


class LastingWitness:
    """Detects a restored backup, whether it was restored before or after the process started."""

    def __init__(self, database: Database, clock: Clock, record: BrokerRecord) -> None:
        self._database = database
        self._clock = clock
        self._record = record
        self._witness = Witness(database)

    async def has_seen_a_restore(self) -> bool:
        """Increment the count; record it in the broker, or return True if it had decreased.

        Raises:
            Unavailable: The database does not answer.
        """
        if await self._witness.has_seen_a_restore():
            # The caller has to hold due deliveries at once; the broker might delay that.
            return True
        with suppress(Unavailable):
            await self._record.append(self._witness.testimony(self._clock.now()).as_bytes())
        return False

    async def finds_a_restore(self) -> bool:
        """Say whether the count in the database is below the one recorded by earlier processes.

        Raises:
            Unavailable: The database does not answer.
        """
        recorded = [WitnessCount.read(words) for words in await self._record.last()]
        ours = [one for one in recorded if one.database == self._database.name]
        return bool(ours) and await contradicts(self._database, ours[-1], self._clock.now())
