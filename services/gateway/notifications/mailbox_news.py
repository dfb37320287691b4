"""Tells administrators on `/v2/mailboxes` how fetched mailboxes are, and when that changes.

A mailbox has no journal: who subscribes hears the present state of each, and then every change.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.notifications.topics import MAILBOXES
from services.gateway.operations.rules import ADMIN
from services.gateway.wire.fields import Fields
from services.gateway.wire.mailboxes import mailbox_state_message
from shared.background_tasks import run_periodically
from shared.bayeux import BayeuxServer
from shared.domain.clock import Clock
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails.mailbox_store import MailboxStore, StoredMailbox

# A refused login is told within two minutes of the refusal, most of which fetching needs.
_EVERY: Final = timedelta(seconds=5)

Told = tuple[str, str]
"""What clients know of a mailbox: its state, and the code of its fault."""


class MailboxNews:
    """Tells administrators the states of fetched mailboxes.

    `_told` has the states that every listener has heard. One who subscribes between two checks
    hears newer ones, which stay news for the others.
    """

    def __init__(
        self,
        mailboxes: MailboxStore,
        configuration: ConfigurationStore,
        agent_cache: AgentCache,
        clock: Clock,
        *,
        root: str,
    ) -> None:
        self._mailboxes = mailboxes
        self._configuration = configuration
        self._agent_cache = agent_cache
        self._clock = clock
        self._root = root
        self._listeners: set[str] = set()
        self._told: dict[str, Told] = {}

    async def present(self, user_id: str) -> list[Fields]:
        """Return the messages for a user who has subscribed; nothing for others than admins.

        Raises:
            Unavailable: The database does not answer.
        """
        if not await self._is_admin(user_id):
            return []
        is_first = not self._listeners
        self._listeners.add(user_id)
        now = self._clock.now()
        found = await self._read()
        if is_first:
            self._told = _states(found, now)
        return [mailbox_state_message(one, now, self._root) for one in found]

    def running(
        self, bayeux: BayeuxServer, *, every: timedelta = _EVERY
    ) -> AbstractAsyncContextManager[None]:
        """Tell changes for as long as the context lasts; a check that fails stops no other."""
        return run_periodically(partial(self.check, bayeux), every=every)

    async def check(self, bayeux: BayeuxServer) -> None:
        """Tell what has changed since the last check; without listeners nothing is read.

        Raises:
            Unavailable: The database does not answer.
        """
        self._listeners &= bayeux.users()
        if not self._listeners:
            return
        now, found = self._clock.now(), await self._read()
        states = _states(found, now)
        changed = [one for one in found if states[one.address] != self._told.get(one.address)]
        if changed:
            await self._tell(
                bayeux, [mailbox_state_message(one, now, self._root) for one in changed]
            )
        # Last: where somebody could not be told, the next check tells all once more.
        self._told = states

    async def _tell(self, bayeux: BayeuxServer, messages: Sequence[Fields]) -> None:
        for user_id in list(self._listeners):
            # An administrator may have lost the role since they subscribed.
            if await self._is_admin(user_id):
                for message in messages:
                    bayeux.publish(user_id, MAILBOXES, message)

    async def _read(self) -> list[StoredMailbox]:
        return await self._mailboxes.mailboxes(await self._configuration.current())

    async def _is_admin(self, user_id: str) -> bool:
        account = await self._agent_cache.get(user_id)
        return account is not None and account.agent.enabled and ADMIN in account.agent.roles


def _states(found: Iterable[StoredMailbox], now: datetime) -> dict[str, Told]:
    return {one.address: _told(one, now) for one in found}


def _told(one: StoredMailbox, now: datetime) -> Told:
    fault = one.worst(now).facts.fault
    return one.health(now).value, fault.code if fault else ""
