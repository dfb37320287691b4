"""Forwards CometD requests to the pod that holds their session: clients may use any pod.

A session is in one pod. A request for it that comes to another pod is forwarded with its
credentials, which are checked there again. A websocket is connected to one to that pod.

A session's id begins with the name of its pod, and pods store their addresses in the database every
five seconds. An unknown pod is looked up, twice a second for all requests together, before its
client is told to shake hands. A forwarded request is given up when its client goes away, and never
forwarded twice. When a pod stops, the clients whose connects it had forwarded come again after a
random time. A pod without `GATEWAY_OWN_ADDRESS` is not asked. Events are not forwarded between
pods: each pod has them from the broker and the journal.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import structlog

from services.gateway.cluster.pod_request import headers_for_pod, is_forwarded
from services.gateway.cluster.pod_socket import NotOpenedError, PodSocket
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.notifications.journal.journal_batch import FORM
from shared.background_tasks import run_periodically
from shared.bayeux import BASE_PATHS, Answer, Request
from shared.bayeux.transports.web import Scope
from shared.domain.errors import Unavailable
from shared.storage.database.batching import Batcher

if TYPE_CHECKING:
    from services.gateway.cluster.pod_client import PodClient

log = structlog.get_logger()

# Five renewals may fail before the address of a pod ends, thirty seconds after the last.
_EVERY: Final = timedelta(seconds=5)
_PAUSE: Final = 0.5
"""Seconds between two reads of the pods for unknown names; requests wait for the next read."""
# One read of all pods serves all names, whatever their number is.
_MAX_BATCH: Final = 10_000
# Hexadecimal digits: 32 random bits, so that no two of some hundred pods have one name.
_NAME_SIZE: Final = 8


class Replicas:
    """The addresses of the pods, and a client for them.

    `own_url` is where others reach this pod; where it is empty, none forwards requests to it.
    """

    def __init__(self, store: ReplicaStore, *, own_url: str, patience: timedelta) -> None:
        self.name = secrets.token_hex(_NAME_SIZE // 2)
        self._store = store
        self._own_url = own_url
        self._known: Mapping[str, str] = {}
        self._read_at = float("-inf")
        self._finding = Batcher(self._find_together, most=_MAX_BATCH, at_once=1)
        self._patience = patience

    @asynccontextmanager
    async def registered(self) -> AsyncIterator[None]:
        """Publish this pod's address and read the others' for as long as the context lasts."""
        async with run_periodically(self._renew, every=_EVERY):
            with suppress(Unavailable):
                await self._renew()
            try:
                yield
            finally:
                await self._unregister()
                if "_client" in self.__dict__:
                    await self._client.close()

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        """Forward a request to the pod that holds its session; None where that pod is gone."""
        url = await self._find(session_id, request.scope)
        return await self._client.forward(url, request) if url else None

    async def open_socket(self, session_id: str, upgrade: Scope) -> PodSocket | None:
        """Open a websocket to the pod that holds a session; None where that fails."""
        url = await self._find(session_id, upgrade)
        return await self._open(url, upgrade) if url else None

    async def _find(self, session_id: str, scope: Scope) -> str | None:
        """Return the address of another pod that holds a session; None for a forwarded request."""
        name = session_id[:_NAME_SIZE]
        if name == self.name or is_forwarded(scope):
            return None
        return self._known.get(name) or await self._finding(name)

    async def _find_together(self, names: Sequence[str]) -> Sequence[str | None]:
        """Read the pods again: one may have started a moment ago."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(self._read_at + _PAUSE - now)
        await self._read_pods()
        return [self._known.get(name) for name in names]

    @cached_property
    def _client(self) -> "PodClient":
        # A pod that is alone needs neither the library nor the certificates that a client reads.
        from services.gateway.cluster.pod_client import PodClient  # noqa: PLC0415

        return PodClient(self._patience)

    async def _open(self, url: str, upgrade: Scope) -> PodSocket | None:
        there = f"{url.replace('http', 'ws', 1)}{BASE_PATHS[0]}"
        try:
            return await PodSocket.open(there, headers_for_pod(upgrade))
        except NotOpenedError as reason:
            log.warning("a pod opens no socket", url=url, reason=str(reason))
            return None

    async def _renew(self) -> None:
        if self._own_url:
            await self._store.renew(self.name, self._own_url, news_form=FORM)
        await self._read_pods()

    async def _read_pods(self) -> None:
        self._read_at = asyncio.get_running_loop().time()
        try:
            self._known = await self._store.all()
        except Unavailable as error:
            log.warning("other pods not known", reason=str(error))

    async def _unregister(self) -> None:
        try:
            await self._store.remove(self.name)
        except Unavailable as error:
            log.warning("this pod is not forgotten yet", reason=str(error))
