"""Bounds the requests that are answered at the same time for one user, or for one mail."""

import asyncio
import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from starlette.types import Message

from services.gateway.errors import SHORTLY, Explain, RequestError, Situation
from services.gateway.http.asgi import Receive
from services.gateway.http.body_pace import PaceLimits, paced
from services.gateway.rest.callers import Authenticator
from shared.bayeux.transports.web import Scope, Send, header

READS_AT_ONCE: Final = 4
"""Reads of a user that are worked on at a time. A list of a thousand mails takes the processor for
a tenth of a second, and a hundred of them would keep all colleagues waiting."""

CHANGES_AT_ONCE: Final = 8
"""Changes of a user that are worked on at a time, once their bodies are whole. Ninety of the state
of one agent at once, each of which spoils the others' writes, kept colleagues waiting for long."""

_UPLOADS: Final = re.compile(r"/me/interactions/[^/]+/attachments")
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class SourceRequests:
    """The requests of one source: their number, octets that are held, and turns of those that read.

    Only octets of bodies count that are in memory until the answer.
    """

    count: int = 0
    octets: int = 0
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READS_AT_ONCE))
    changing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHANGES_AT_ONCE))


class ConcurrentRequests:
    """The requests of each source that this pod is working on, from their login to their answer.

    A slow request holds memory and a connection for as long as its client likes, so one user could
    take them from all others.
    """

    def __init__(self, at_most: int, *, most_octets: int) -> None:
        self._at_most = at_most
        self._most_octets = most_octets
        self._sources: dict[Hashable, SourceRequests] = {}

    @contextmanager
    def counted(self, source: Hashable) -> Iterator[SourceRequests]:
        """Count a request of a source for as long as the context lasts.

        Raises:
            RequestError: The source has as many as it may (429, with Retry-After).
        """
        requests = self._sources.setdefault(source, SourceRequests())
        if requests.count >= self._at_most:
            message = (
                f"you may have {self._at_most} requests at the same time: wait for the answer to "
                "one of them, and send this one again"
            )
            raise RequestError(Situation.TOO_MANY_REQUESTS, message, headers=SHORTLY)
        requests.count += 1
        try:
            yield requests
        finally:
            requests.count -= 1
            if not requests.count:
                del self._sources[source]

    def require_room(self, requests: SourceRequests) -> None:
        """Check that a source holds no more octets than it may.

        Raises:
            RequestError: It does (429, with Retry-After).
        """
        if requests.octets > self._most_octets:
            message = (
                f"the bodies of your requests have more than {self._most_octets} bytes together: "
                "wait for the answer to one of them, and send this one again"
            )
            headers = {**SHORTLY, "Connection": "close"}
            raise RequestError(Situation.TOO_MANY_REQUESTS, message, headers=headers)


class RestLayer(Protocol):
    """A layer between the login and the resources; `IdempotencyMiddleware` is one."""

    async def serve(self, scope: Scope, receive: Receive, send: Send, explain: Explain, /) -> None:
        """Answer a request, or raise the error that the layer above answers."""
        ...


class RequestLimitMiddleware:
    """Refuses a request of a user who has as many as they may, and lets reads take turns.

    Bodies that are held in memory have to come at the `pace`; a resource that stores its body while
    it comes sees to that itself.
    """

    def __init__(
        self,
        application: RestLayer,
        authenticator: Authenticator,
        requests: ConcurrentRequests,
        *,
        pace: PaceLimits,
    ) -> None:
        self._application = application
        self._authenticator = authenticator
        self._requests = requests
        self._pace = pace

    async def serve(self, scope: Scope, receive: Receive, send: Send, explain: Explain) -> None:
        """Answer a request.

        Raises:
            RequestError: The user has too many (429), or bodies of too many octets, or the body
                comes too slowly (408); nothing was changed.
            Exception: Anything that the application raises.
        """
        user_id = (await self._authenticator.authenticate(scope)).user_id
        with self._requests.counted(("user", user_id)) as requests:
            if scope["method"] in _READS:
                await self._read(requests.reading, scope, receive, send, explain)
            elif _is_upload(scope):
                await self._application.serve(scope, receive, send, explain)
            else:
                await self._hold(requests, scope, receive, send, explain)

    async def _hold(
        self,
        requests: SourceRequests,
        scope: Scope,
        receive: Receive,
        send: Send,
        explain: Explain,
    ) -> None:
        """Answer a request whose body is held in memory, and count its octets meanwhile.

        Its turn begins when the body is whole, so that a slow client holds none.
        """
        octets, has_turn, in_time = 0, False, paced(receive, self._pace)

        async def receiving() -> Message:
            nonlocal octets, has_turn
            message = await in_time()
            size = len(message.get("body", b""))
            octets += size
            requests.octets += size
            self._requests.require_room(requests)
            is_whole = message["type"] == "http.request" and not message.get("more_body", False)
            if is_whole and not has_turn:
                has_turn = await requests.changing.acquire()
            return message

        try:
            await self._application.serve(scope, receiving, send, explain)
        finally:
            requests.octets -= octets
            if has_turn:
                requests.changing.release()

    async def _read(
        self,
        turns: asyncio.Semaphore,
        scope: Scope,
        receive: Receive,
        send: Send,
        explain: Explain,
    ) -> None:
        """Answer a read in its turn, which ends when its answer begins: sending may take long."""
        has_turn: bool = await turns.acquire()

        def end_turn() -> None:
            nonlocal has_turn
            if has_turn:
                has_turn = False
                turns.release()

        async def sending(message: Message) -> None:
            end_turn()
            await send(message)

        try:
            await self._application.serve(scope, receive, sending, explain)
        finally:
            end_turn()


def _is_upload(scope: Scope) -> bool:
    """Tell whether the body of a request is stored while it comes."""
    kind = (header(scope, b"content-type") or "").lower()
    return bool(_UPLOADS.fullmatch(scope["path"])) and kind.startswith("multipart/")
