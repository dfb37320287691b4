"""The pods of this gateway, so that a client of CometD may land on any of them at any time.

A session is in one pod. What its client asks at another one is handed on with the same credentials,
and admitted there once more; a socket is joined to one to that pod.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2
import structlog

from services.gateway.cluster.pod_request import (
    headers_for_pod,
    is_handed_on,
    target_for_pod,
)
from services.gateway.cluster.pod_socket import NotOpenedError, PodSocket
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.notifications.journal_batch import FORM
from shared.background_tasks import run_periodically
from shared.bayeux import BASE_PATHS, Answer, Request
from shared.bayeux.transports.web import Scope
from shared.domain.errors import Unavailable
from shared.storage.database.batching import Batcher

log = structlog.get_logger()

_EVERY: Final = timedelta(seconds=5)
_PAUSE: Final = 0.5
"""Seconds between two looks for pods that are not known; who asks meanwhile waits for the next."""
_CONNECTED_WITHIN: Final = 1.0
"""Seconds."""

_MOST_SOUGHT: Final = 10_000
_NAME_SIZE: Final = 8
_NOT_OF_THE_ANSWER: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"date",
        b"keep-alive",
        b"trailer",
        b"transfer-encoding",
        b"x-content-type-options",
    }
)
"""Headers about one connection (RFC 9110, 7.6.1), and what is written anew."""

_STATUSES: Final = frozenset(status for status in HTTPStatus if status >= HTTPStatus.OK)
_HUNG_UP: Final = "disconnected without sending a response"
_NOT_TO_BE_HANDED_ON: Final = Answer(400)
_NO_ANSWER: Final = Answer(502)


class Replicas:
    """Knows the pods that others can reach, and asks them.

    `own_url` is where they reach this one; where it is empty nobody hands anything on to it.
    """

    def __init__(self, store: ReplicaStore, *, own_url: str, patience: timedelta) -> None:
        self.name = secrets.token_hex(_NAME_SIZE // 2)
        self._store = store
        self._own_url = own_url
        self._known: Mapping[str, str] = {}
        self._looked_at = float("-inf")
        self._finding = Batcher(self._find_together, most=_MOST_SOUGHT, at_once=1)
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(patience.total_seconds(), connect=_CONNECTED_WITHIN),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
            # Cookies are those of whoever asks, never of whoever asked before.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    @asynccontextmanager
    async def known(self) -> AsyncIterator[None]:
        """Tell the others of this pod, and know them, for as long as the context lasts."""
        async with self._client, run_periodically(self._look_round, every=_EVERY):
            with suppress(Unavailable):
                await self._look_round()
            try:
                yield
            finally:
                await self._leave()

    async def answer(self, session_id: str, request: Request) -> Answer | None:
        """Have the pod that holds a session answer; None where it is unknown or does not."""
        url = await self._find(session_id, request.scope)
        return await self._ask(url, request) if url else None

    async def open_socket(self, session_id: str, upgrade: Scope) -> PodSocket | None:
        """Open a socket to the pod that holds a session; None where there is none to be had."""
        url = await self._find(session_id, upgrade)
        return await self._open(url, upgrade) if url else None

    async def _find(self, session_id: str, scope: Scope) -> str | None:
        """Return where the pod of a session is; nothing is handed on twice."""
        name = session_id[:_NAME_SIZE]
        if name == self.name or is_handed_on(scope):
            return None
        return self._known.get(name) or await self._finding(name)

    async def _find_together(self, names: Sequence[str]) -> Sequence[str | None]:
        """Look for pods that may have begun a moment ago."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(self._looked_at + _PAUSE - now)
        await self._look()
        return [self._known.get(name) for name in names]

    async def _ask(self, url: str, request: Request) -> Answer | None:
        try:
            said = await self._client.send(_asked(url, request))
        except httpx2.LocalProtocolError as error:
            log.warning("a request cannot be handed on", reason=str(error))
            return _NOT_TO_BE_HANDED_ON
        except httpx2.HTTPError as error:
            log.warning("a pod does not answer", url=url, reason=type(error).__name__)
            return _NO_ANSWER if _is_no_http(error) else None
        if said.status_code not in _STATUSES:
            log.warning("a pod answers with an unknown status", url=url, status=said.status_code)
            return _NO_ANSWER
        kept = [(name.lower(), value) for name, value in said.headers.raw]
        return Answer(
            said.status_code,
            said.content,
            [one for one in kept if one[0] not in _NOT_OF_THE_ANSWER],
        )

    async def _open(self, url: str, upgrade: Scope) -> PodSocket | None:
        there = f"{url.replace('http', 'ws', 1)}{BASE_PATHS[0]}"
        try:
            return await PodSocket.opened(there, headers_for_pod(upgrade))
        except NotOpenedError as reason:
            log.warning("a pod opens no socket", url=url, reason=str(reason))
            return None

    async def _look_round(self) -> None:
        if self._own_url:
            await self._store.note(self.name, self._own_url, news_form=FORM)
        await self._look()

    async def _look(self) -> None:
        self._looked_at = asyncio.get_running_loop().time()
        try:
            self._known = await self._store.all()
        except Unavailable as error:
            log.warning("other pods not known", reason=str(error))

    async def _leave(self) -> None:
        try:
            await self._store.forget(self.name)
        except Unavailable as error:
            log.warning("this pod is not forgotten yet", reason=str(error))


def _asked(url: str, request: Request) -> httpx2.Request:
    """Return what another pod is asked."""
    return httpx2.Request(
        request.scope["method"],
        url,
        headers=headers_for_pod(request.scope),
        content=request.body,
        # As it came: an address would be limited in length and written anew.
        extensions={"target": target_for_pod(request.scope)},
    )


def _is_no_http(error: httpx2.HTTPError) -> bool:
    """Tell whether a pod that is there answered something else than HTTP, or half an answer."""
    # The library has the same error for a pod that hung up, as one does that is killed.
    return isinstance(error, httpx2.RemoteProtocolError) and _HUNG_UP not in str(error)
