"""Promised interactions: the client has their ids, and composition still has to create them."""

from datetime import timedelta
from hmac import compare_digest
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.cluster.day_key_store import DayKeyStore
from services.gateway.commands.command_ids import CommandIds, creating_message_id
from services.gateway.commands.patience import Patience
from services.gateway.errors import unavailable
from shared.domain.clock import Clock
from shared.domain.errors import UnknownInteractionError
from shared.domain.ids import moment_of, signed_id
from shared.domain.interaction import Interaction
from shared.storage.database.client import NEWEST, Database, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_store import InteractionStore

PROMISED_FOR: Final = timedelta(minutes=15)
"""For this long a request for a promised id is answered 503 (try again) instead of 404."""

_CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)


class PromisedIds:
    """Makes promised ids, and recognises those of all pods.

    Such an id says when it was made and carries a signature, so that a promise is no write.
    """

    def __init__(self, keys: DayKeyStore, database: Database, clock: Clock) -> None:
        self._keys = keys
        self._interactions = database[interaction_store.COLLECTION].with_options(
            read_concern=NEWEST
        )
        self._clock = clock

    async def promise(self, new_id: str) -> CommandIds:
        """Return the ids of a command that creates an interaction; a repetition gets them again.

        Raises:
            Unavailable: The key of the day cannot be read.
        """
        made_at = moment_of(new_id, self._clock.now())
        promised = signed_id(new_id, await self._keys.get_or_create(made_at.date()))
        return CommandIds(creating_message_id(promised), promised)

    async def is_open(self, interaction_id: str) -> bool:
        """Say whether a missing interaction was promised in time, and its command not refused."""
        now = self._clock.now()
        try:
            made_at = moment_of(interaction_id, now)
        except ValueError:
            return False
        # A stranger must not choose which keys are looked for. Clocks of pods differ by seconds.
        if not now - PROMISED_FOR < made_at < now + _CLOCKS_DIFFER_BY:
            return False
        secret = await self._keys.find(made_at.date())
        if secret is None or not compare_digest(signed_id(interaction_id, secret), interaction_id):
            return False
        refused = {"refused": str(creating_message_id(interaction_id))}
        async with database_errors():
            return await self._interactions.find_one(refused, {"_id": 1}) is None


class PromisedInteractions:
    """Reads interactions; waits for a promised one, at most for `patience`."""

    def __init__(
        self,
        store: InteractionStore,
        promised_ids: PromisedIds,
        patience: timedelta,
    ) -> None:
        self._store = store
        self._promised_ids = promised_ids
        self._patience = patience

    async def get(self, interaction_id: str, *, with_text: bool) -> Interaction:
        """Return an interaction.

        Raises:
            UnknownInteractionError: There is none, or none yet.
            Unavailable: The database does not answer.
        """
        patience = Patience(self._patience)
        while True:
            try:
                return await self._store.get(interaction_id, with_text=with_text)
            except UnknownInteractionError:
                if patience.is_over or not await self._promised_ids.is_open(interaction_id):
                    raise
            await patience.pause()


class PromisedInteractionMiddleware:
    """Answers 503 instead of 404 for promised interactions.

    A client that got 404 for its own reply would reply again.
    """

    def __init__(self, application: ASGIApp, promised_ids: PromisedIds) -> None:
        self._application = application
        self._promised_ids = promised_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            RequestError: The interaction is still to be created (503).
        """
        try:
            await self._application(scope, receive, send)
        except UnknownInteractionError as error:
            if not await self._promised_ids.is_open(error.interaction_id):
                raise
            raise unavailable(
                f"interaction {error.interaction_id} is being created: try again"
            ) from error
