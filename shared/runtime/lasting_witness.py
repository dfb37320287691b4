"""A witness whose count outlives its process: the broker keeps it, outside the database."""

from contextlib import suppress

from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.messaging.record import BrokerRecord
from shared.storage.database.client import Database
from shared.storage.database.witness import Testimony, Witness, contradicts


class LastingWitness:
    """Notices a backup in the database's place, put there before or after the process began."""

    def __init__(self, database: Database, clock: Clock, record: BrokerRecord) -> None:
        self._database = database
        self._clock = clock
        self._record = record
        self._witness = Witness(database)

    async def has_seen_a_restore(self) -> bool:
        """Count one up, and say so outside; say whether the database knew less than before.

        Raises:
            Unavailable: The database does not answer.
        """
        went_back = await self._witness.has_seen_a_restore()
        with suppress(Unavailable):
            await self._record.keep(self._witness.testimony(self._clock.now()).as_bytes())
        return went_back

    async def finds_a_restore(self) -> bool:
        """Say whether the database knows less than it had acknowledged to earlier processes.

        Raises:
            Unavailable: The database does not answer.
        """
        told = [Testimony.read(words) for words in await self._record.last()]
        ours = [one for one in told if one.database == self._database.name]
        return bool(ours) and await contradicts(self._database, ours[-1], self._clock.now())
