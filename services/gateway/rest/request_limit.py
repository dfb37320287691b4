"""Bounds the requests that are answered at the same time for one user, or for one mail."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from services.gateway.errors import Explain, RequestError, Situation
from services.gateway.http.asgi import Receive
from services.gateway.rest.callers import Authenticator
from shared.bayeux.transports.web import Scope, Send

# Nearly every request is done by then.
_AGAIN: Final = {"Retry-After": "1"}


class ConcurrentRequests:
    """The requests of each source that this pod is working on, from their login to their answer.

    A slow request holds memory and a connection for as long as its client likes, so one user could
    take them from all others.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._counts: Counter[Hashable] = Counter()

    @contextmanager
    def counted(self, source: Hashable) -> Iterator[None]:
        """Count a request of a source for as long as the context lasts.

        Raises:
            RequestError: The source has as many as it may (429, with Retry-After).
        """
        if self._counts[source] >= self._at_most:
            message = (
                f"you may have {self._at_most} requests at the same time: wait for the answer to "
                "one of them, and send this one again"
            )
            raise RequestError(Situation.TOO_MANY_REQUESTS, message, headers=_AGAIN)
        self._counts[source] += 1
        try:
            yield
        finally:
            self._counts[source] -= 1
            if not self._counts[source]:
                del self._counts[source]


class RestLayer(Protocol):
    """A layer between the login and the resources; `IdempotencyMiddleware` is one."""

    async def serve(self, scope: Scope, receive: Receive, send: Send, explain: Explain, /) -> None:
        """Answer a request, or raise the error that the layer above answers."""
        ...


class RequestLimitMiddleware:
    """Refuses a request of a user who has as many as they may."""

    def __init__(
        self,
        application: RestLayer,
        authenticator: Authenticator,
        requests: ConcurrentRequests,
    ) -> None:
        self._application = application
        self._authenticator = authenticator
        self._requests = requests

    async def serve(self, scope: Scope, receive: Receive, send: Send, explain: Explain) -> None:
        """Answer a request.

        Raises:
            RequestError: The user has too many (429); nothing was read or changed.
            Exception: Anything that the application raises.
        """
        user_id = (await self._authenticator.authenticate(scope)).user_id
        with self._requests.counted(("user", user_id)):
            await self._application.serve(scope, receive, send, explain)
