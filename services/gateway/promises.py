"""Interactions whose id a client knows before they exist: what composition has still to create."""

from datetime import timedelta
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.errors import unavailable
from shared.domain.clock import Clock
from shared.domain.errors import UnknownInteractionError
from shared.storage.client import Database, database_errors
from shared.storage.indexes import PROMISED_INTERACTIONS

PROMISED_FOR: Final = timedelta(minutes=15)
"""How long an id that was answered is told to come, and not to be unknown."""


class PromiseStore:
    """Promised ids, known to every pod; on a majority of the database's members once written."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._collection = database[PROMISED_INTERACTIONS]
        self._clock = clock

    async def add(self, interaction_id: str) -> None:
        """Promise an interaction, from now on."""
        until = self._clock.now() + PROMISED_FOR
        async with database_errors():
            await self._collection.update_one(
                {"_id": interaction_id}, {"$set": {"expires_at": until}}, upsert=True
            )

    async def is_open(self, interaction_id: str) -> bool:
        """Say whether an interaction that is not there was promised lately."""
        wanted = {"_id": interaction_id, "expires_at": {"$gt": self._clock.now()}}
        async with database_errors():
            return await self._collection.find_one(wanted, {"_id": 1}) is not None


class PromiseKeeping:
    """Stands before the resources: what is promised is never called unknown.

    A client that read 404 of its own reply would reply once more.
    """

    def __init__(self, application: ASGIApp, promises: PromiseStore) -> None:
        self._application = application
        self._promises = promises

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            RequestError: It is about an interaction that is still to be created.
        """
        try:
            await self._application(scope, receive, send)
        except UnknownInteractionError as error:
            if not await self._promises.is_open(error.interaction_id):
                raise
            raise unavailable(
                f"interaction {error.interaction_id} is being created: try again"
            ) from error
