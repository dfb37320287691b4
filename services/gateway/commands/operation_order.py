"""Keeps an agent's operations on one interaction in their order, across pods and services."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.gateway.commands.command_ids import CommandIds
from services.gateway.commands.patience import Patience
from services.gateway.errors import RequestError, Situation, as_request_error, unavailable
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.messaging.publisher import NotPublishedError
from shared.storage.turn_store import Turn, TurnStore

_LONGEST_ID: Final = 64
_ABOUT_THE_MOMENT: Final = frozenset({Situation.WRONG_STATE, Situation.NOT_FOUND})


class OperationOrder:
    """Delays an operation until the agent's earlier ones have outcomes.

    Outcomes take milliseconds. After `patience` an operation no longer waits for them; a patience
    of zero turns the order off.
    """

    def __init__(self, store: TurnStore, clock: Clock, patience: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience

    @asynccontextmanager
    async def in_turn(
        self, interaction_id: str, agent_id: str, command_ids: CommandIds
    ) -> AsyncIterator[bool]:
        """Wait for an operation's turn; an error inside the context gives the turn back.

        Yields True if the agent has no earlier operation without an outcome. A snapshot that was
        read before the wait is then still current.

        Raises:
            RequestError: The operation failed inside the context. If it failed for the state of
                the interaction while an earlier one has no outcome, the client is to try again.
        """
        if not self._patience:
            yield True
            return
        key, turn = _key(interaction_id, agent_id), self._turn(interaction_id, command_ids)
        before = await self._store.append(key, turn)
        try:
            waiting = await self._outcomes(key, before)
        except BaseException:
            await self._store.remove(key, turn.command_id)
            raise
        try:
            yield not before
        except (RequestError, Refused, NotPublishedError) as error:
            await self._store.remove(key, turn.command_id)
            failure = as_request_error(error)
            if waiting and failure is not None and failure.situation in _ABOUT_THE_MOMENT:
                message = "an earlier operation on this interaction has no outcome yet: try again"
                raise unavailable(message) from error
            raise

    def _turn(self, interaction_id: str, command_ids: CommandIds) -> Turn:
        return Turn(
            str(command_ids.message_id), interaction_id, command_ids.new_id, self._clock.now()
        )

    async def _outcomes(self, key: str, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Wait for the outcomes of some turns; return those that have none in time."""
        if not turns:
            return turns
        age = self._clock.now() - max(one.at for one in turns)
        patience = Patience(self._patience - age)
        while (turns := await self._store.open(key, turns)) and not patience.is_over:
            await patience.pause()
        return turns


def _key(interaction_id: str, agent_id: str) -> str:
    return f"{interaction_id[:_LONGEST_ID]} {agent_id}"
