"""The command line's connection to the database, and its queries about the state of the system."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pymongo
from pydantic import ValidationError
from pymongo.errors import PyMongoError

from services.console.exit_codes import Exit, NotPossibleError
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.errors import Unavailable
from shared.domain.ids import id_of
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import (
    Database,
    Document,
    WrongAddressError,
    in_words,
    open_database,
)
from shared.storage.database.outbox import HAS_MESSAGES
from shared.storage.indexes import INDEXES
from shared.storage.interactions import interaction_store
from shared.storage.mails import arrival_store, delivery_store
from shared.storage.mails.delivery_documents import unsettled

# A person waits at the terminal; a database that is well answers in milliseconds.
_DEADLINE_SECONDS: Final = 5
_PROBES: Final = "probes"
_LOOKED_BACK: Final = timedelta(days=3)
# All arrivals of three days are looked through, a thousand at a time.
_LONGEST_LOOK_SECONDS: Final = 60
_MOST_UNSEEN: Final = 100
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The server's version and replica set; `replica_set` is "" if it is in none."""

    version: str
    replica_set: str
    members: int


@asynccontextmanager
async def connected_database(url: str) -> AsyncIterator[Database]:
    """Yield the database. Every call to it has a deadline.

    Raises:
        NotPossibleError: The database does not answer or refuses the login, or its address is
            wrong.
    """
    try:
        async with open_database(url, name="console") as database:
            yield database
    except WrongAddressError as error:
        raise NotPossibleError(str(error), Exit.MISCONFIGURED) from None
    except (PyMongoError, Unavailable) as error:
        words = in_words(error) if isinstance(error, PyMongoError) else str(error)
        raise NotPossibleError(f"the database cannot be used: {words}", Exit.UNAVAILABLE) from None


def bare_id(wanted: str) -> str:
    """Return a Message-ID or another id as a person gives it, without angle brackets."""
    return wanted.strip().strip("<>")


def known_as(bare: str) -> Document:
    """Return the query for interactions whose Message-ID or own id this is."""
    return {"$or": [{"mail.message_id": f"<{bare}>"}, {"_id": bare}]}


async def contact_center_in_force(database: Database, clock: Clock) -> ContactCenter | None:
    """Return the description in force; None if there is none that this version can read."""
    try:
        return await ConfigurationStore(database, clock).read()
    except ValidationError:
        return None


class SystemQueries:
    """Queries for `doctor` and `trace`. The only write is that of `write_durably`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def facts(self) -> DatabaseFacts:
        """Return the server's version and replica set, within five seconds."""
        with pymongo.timeout(_DEADLINE_SECONDS):
            hello = await self._database.command("hello")
            version = (await self._database.client.server_info())["version"]
        return DatabaseFacts(version, hello.get("setName", ""), len(hello.get("hosts", ())))

    async def write_durably(self) -> Mapping[str, object]:
        """Write a probe as mail is written, and return the write concern that was honoured."""
        probes = self._database[_PROBES]
        with pymongo.timeout(_DEADLINE_SECONDS):
            await probes.update_one(
                {"_id": "doctor"}, {"$set": {"at": self._clock.now()}}, upsert=True
            )
        return dict(probes.write_concern.document)

    async def owing(self, since: timedelta) -> dict[str, int]:
        """Return how many documents have had an unpublished message for `since`, by collection."""
        before = self._clock.now() - since
        return {
            collection: await self._count(
                collection, {**HAS_MESSAGES, "outbox.at": {"$lt": before}}
            )
            for collection, models in INDEXES.items()
            if any(model.document["name"] == "owing" for model in models)
        }

    async def deliveries_in(self, state: DeliveryState) -> int:
        """Return how many mails are in a state of an unfinished delivery."""
        return await self._count(delivery_store.COLLECTION, unsettled([state]))

    async def deliveries_overdue(self, since: timedelta) -> int:
        """Return how many mails have been due for another attempt for longer than `since`."""
        before: datetime = self._clock.now() - since
        return await self._count(delivery_store.COLLECTION, {"next_attempt_at": {"$lt": before}})

    async def has_arrival(self, arrival_id: str) -> bool:
        """Say whether there is an arrival of that id."""
        found = await self._database[arrival_store.COLLECTION].find_one(
            {"_id": arrival_id}, {"_id": 1}
        )
        return found is not None

    async def unseen(self, since: timedelta) -> list[str]:
        """Return arrivals of the last three days that have had no interaction for `since`.

        At most 100 ids, oldest first. A copy of a mail counts with that mail's interaction.
        """
        now, unseen = self._clock.now(), list[str]()
        after, until = id_of(now - _LOOKED_BACK), id_of(now - since)
        with pymongo.timeout(_LONGEST_LOOK_SECONDS):
            while len(unseen) < _MOST_UNSEEN and (page := await self._arrived(after, until)):
                unseen += await self._without_interaction(page)
                after = page[-1]
        return unseen[:_MOST_UNSEEN]

    async def _arrived(self, after: str, until: str) -> list[str]:
        arrived = self._database[arrival_store.COLLECTION]
        found = await arrived.find(
            {"_id": {"$gt": after, "$lt": until}}, {"_id": 1}, sort=[("_id", 1)], limit=_PAGE
        ).to_list()
        return [one["_id"] for one in found]

    async def _without_interaction(self, arrival_ids: list[str]) -> list[str]:
        """Return those arrivals that no interaction names, in their order."""
        # Not a `$lookup`: it would not use the partial indexes.
        seen: set[str] = set()
        for field in ("arrival_id", "copies"):
            wanted = {field: {"$in": arrival_ids}}
            seen |= set(await self._database[interaction_store.COLLECTION].distinct(field, wanted))
        return [one for one in arrival_ids if one not in seen]

    async def _count(self, collection: str, wanted: Document) -> int:
        return await self._database[collection].count_documents(wanted)
