"""Promised interactions: the client has their ids, and composition still has to create them."""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.errors import unavailable
from shared.domain.clock import Clock
from shared.domain.errors import UnknownInteractionError
from shared.domain.interaction import Interaction
from shared.storage.database.batching import BatchInserter
from shared.storage.database.client import NEWEST, Database, database_errors
from shared.storage.indexes import PROMISED_INTERACTIONS
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_store import InteractionStore

PROMISED_FOR: Final = timedelta(minutes=15)
"""For this long a request for a promised id is answered 503 (try again) instead of 404."""

# A new interaction takes milliseconds. The pause doubles, so that a slow one costs few reads.
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.1


class PromisedInteractionStore:
    """The promised ids of all pods, written with majority concern."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._promised_interactions = database[PROMISED_INTERACTIONS]
        # One write at a time, as turns are taken: requests that came together stay together.
        self._inserts = BatchInserter(self._promised_interactions, at_once=1)
        self._interactions = database[interaction_store.COLLECTION].with_options(
            read_concern=NEWEST
        )
        self._clock = clock

    async def add(self, interaction_id: str, command_id: UUID, about: str) -> None:
        """Store the id that a command about another interaction will create."""
        promise = {
            "_id": interaction_id,
            "command_id": str(command_id),
            "about": about,
            "expires_at": self._clock.now() + PROMISED_FOR,
        }
        async with database_errors():
            # A request that is repeated promises the same id once more.
            await self._inserts.add(promise)

    async def is_open(self, interaction_id: str) -> bool:
        """Say whether a missing interaction was promised in time, and its command not refused."""
        wanted = {"_id": interaction_id, "expires_at": {"$gt": self._clock.now()}}
        async with database_errors():
            promise = await self._promised_interactions.find_one(wanted)
            if promise is None:
                return False
            refused = {"_id": promise["about"], "refused": promise["command_id"]}
            return await self._interactions.find_one(refused, {"_id": 1}) is None


class PromisedInteractions:
    """Reads interactions; waits for a promised one, at most for `patience`."""

    def __init__(
        self,
        store: InteractionStore,
        promised_interactions: PromisedInteractionStore,
        patience: timedelta,
    ) -> None:
        self._store = store
        self._promised_interactions = promised_interactions
        self._patience = patience.total_seconds()

    async def get(self, interaction_id: str, *, with_text: bool) -> Interaction:
        """Return an interaction.

        Raises:
            UnknownInteractionError: There is none, or none yet.
            Unavailable: The database does not answer.
        """
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self._patience, _FIRST_PAUSE
        while True:
            try:
                return await self._store.get(interaction_id, with_text=with_text)
            except UnknownInteractionError:
                is_over = loop.time() >= end
                if is_over or not await self._promised_interactions.is_open(interaction_id):
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


class PromisedInteractionMiddleware:
    """Answers 503 instead of 404 for promised interactions.

    A client that got 404 for its own reply would reply again.
    """

    def __init__(
        self, application: ASGIApp, promised_interactions: PromisedInteractionStore
    ) -> None:
        self._application = application
        self._promised_interactions = promised_interactions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            RequestError: The interaction is still to be created (503).
        """
        try:
            await self._application(scope, receive, send)
        except UnknownInteractionError as error:
            if not await self._promised_interactions.is_open(error.interaction_id):
                raise
            raise unavailable(
                f"interaction {error.interaction_id} is being created: try again"
            ) from error
