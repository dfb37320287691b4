"""Interactions whose id a client knows before they exist: what composition has still to create."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.errors import unavailable
from shared.domain.clock import Clock
from shared.domain.errors import UnknownInteractionError
from shared.storage import interactions
from shared.storage.client import NEWEST, Database, database_errors
from shared.storage.indexes import PROMISED_INTERACTIONS

PROMISED_FOR: Final = timedelta(minutes=15)
"""How long an id that was answered is told to come, and not to be unknown."""


class PromiseStore:
    """Promised ids, known to every pod; on a majority of the database's members once written."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._promises = database[PROMISED_INTERACTIONS]
        self._interactions = database[interactions.COLLECTION].with_options(read_concern=NEWEST)
        self._clock = clock

    async def add(self, interaction_id: str, command_id: UUID, about: str) -> None:
        """Promise what a command about another interaction will create."""
        promise = {
            "command_id": str(command_id),
            "about": about,
            "expires_at": self._clock.now() + PROMISED_FOR,
        }
        async with database_errors():
            await self._promises.update_one({"_id": interaction_id}, {"$set": promise}, upsert=True)

    async def is_open(self, interaction_id: str) -> bool:
        """Say whether an interaction that is not there was promised lately, and not refused."""
        wanted = {"_id": interaction_id, "expires_at": {"$gt": self._clock.now()}}
        async with database_errors():
            promise = await self._promises.find_one(wanted)
            if promise is None:
                return False
            refused = {"_id": promise["about"], "refused": promise["command_id"]}
            return await self._interactions.find_one(refused, {"_id": 1}) is None


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
