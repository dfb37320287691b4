"""The ASGI application of REST: checks origin and login, and turns errors into answers."""

import re
import time
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Final

from prometheus_client import Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message
from structlog.contextvars import bind_contextvars, reset_contextvars

from services.gateway.auth.authenticated_agent import AuthenticatedAgent
from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.errors import RequestError, Situation, explained
from services.gateway.http.answers import failure
from services.gateway.http.api_root import PREFIX
from services.gateway.http.asgi import AbortedError, Receive
from services.gateway.http.credentials import CSRF_HEADER
from services.gateway.rest.cors import EXPOSED, answer_preflight
from services.gateway.rest.linked_downloads import LinkedDownloads
from services.gateway.rest.open_pages import OpenPages
from services.gateway.rest.request_limit import RequestLimitMiddleware
from services.gateway.rest.resources.drop import PATH as DROP
from services.gateway.rest.resources.drop import DropResource
from shared.bayeux import Answer, BayeuxSettings
from shared.bayeux.transports.origins import cors_headers, is_allowed_origin, is_known_host
from shared.bayeux.transports.web import Scope, Send, refuse_upgrade
from shared.contracts.envelope import Cause

_INTERACTION: Final = re.compile(r"/interactions/([0-9A-Z]+)")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})

SECONDS: Final = Histogram(
    "mailroom_gateway_request_seconds",
    "Time from a REST request to the end of its answer",
    ["method", "status"],
)


class RestApplication:
    """Serves every path of the gateway that is not CometD."""

    def __init__(
        self,
        *,
        rest: RequestLimitMiddleware,
        drop: DropResource,
        linked_downloads: LinkedDownloads,
        authenticator: RequestAuthenticator,
        settings: BayeuxSettings,
        always_200: bool,
        open_pages: OpenPages,
    ) -> None:
        self._rest = rest
        self._open_pages = open_pages
        self._drop = drop
        self._linked_downloads = linked_downloads
        self._authenticator = authenticator
        self._settings = settings
        self._always_200 = always_200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a websocket is refused with 404."""
        if scope["type"] == "websocket":
            await refuse_upgrade(scope, send, Answer(404))
            return
        bound = bind_contextvars(correlation_id=LazyCorrelationId(scope["path"]))
        try:
            await self._serve(scope, receive, send)
        finally:
            reset_contextvars(**bound)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at, status = time.monotonic(), 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._route(scope, receive, send_and_note)
        except AbortedError:
            pass
        except Exception as error:  # noqa: BLE001 - the last place where a fault gets an answer
            answer = failure(self._explain(error, scope), always_200=self._always_200)
            if status:
                # The status is already sent: only closing the connection tells the client.
                raise ConnectionAbortedError from None
            sending: Send = send_and_note
            if self._may_read_answers(scope):  # a refused page gets no CORS headers
                sending = _with_headers(sending, scope, None)
            await answer(scope, receive, sending)
        _seconds(_method_label(scope["method"]), status).observe(time.monotonic() - started_at)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_known_host(scope, self._settings):
            message = "this host is not served here: GATEWAY_ALLOWED_HOSTS names those that are"
            raise RequestError(Situation.MISDIRECTED, message)
        if not is_allowed_origin(scope, self._settings):
            message = "this origin is not allowed: GATEWAY_ALLOWED_ORIGINS names those that are"
            raise RequestError(Situation.FORGED, message)
        if scope["method"] == "OPTIONS":
            await answer_preflight(scope, send)
            return
        path = _resource_path(scope["path"])
        if page := await self._open_pages.response(scope, path):
            await page(scope, receive, _with_headers(send, scope, None))
            return
        if path.startswith(DROP):
            await self._receive_mail(scope, receive, send, path.removeprefix(DROP))
            return
        sending = _with_headers(send, scope, None)
        if await self._linked_downloads.serve(scope, receive, sending, path):
            return
        authenticated = await self._authenticator.authenticate(scope)
        scope["path"] = path
        scope["app"] = self
        sending = _with_headers(send, scope, authenticated)
        await self._rest.serve(scope, receive, sending, self._explain)

    async def _receive_mail(self, scope: Scope, receive: Receive, send: Send, mailbox: str) -> None:
        try:
            answer = await self._drop.receive(scope, receive, mailbox)
        except AbortedError:
            raise
        except Exception as error:  # noqa: BLE001 - it has its own status, whatever `always_200` says
            answer = failure(self._explain(error, scope))
        await answer(scope, receive, _with_headers(send, scope, None))

    def _may_read_answers(self, scope: Scope) -> bool:
        return is_known_host(scope, self._settings) and is_allowed_origin(scope, self._settings)

    def _explain(self, error: Exception, scope: Scope) -> RequestError:
        return _routing_error(error) or explained(error, scope)


class LazyCorrelationId:
    """The correlation id of a request: that of the mail in its path, else a new one.

    Most requests log nothing, so it is computed when a line is logged: by `repr`, which the
    renderer of JSON calls.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __repr__(self) -> str:
        """Return the id."""
        return self._id

    @cached_property
    def _id(self) -> str:
        found = _INTERACTION.search(self._path)
        return str((Cause.about(found[1]) if found else Cause()).correlation_id)


@cache
def _seconds(method: str, status: int) -> Histogram:
    return SECONDS.labels(method, str(status))


def _method_label(method: str) -> str:
    """Return a method as a label: clients must not be able to create new labels."""
    return method if method in _METHODS else "other"


def _resource_path(path: str) -> str:
    """Return a path without the prefix and without a trailing slash."""
    below = path.removeprefix(PREFIX) if path == PREFIX or path.startswith(f"{PREFIX}/") else path
    return below.rstrip("/") or "/"


def _routing_error(error: Exception) -> RequestError | None:
    if not isinstance(error, HTTPException):
        return None
    if error.status_code == 405:  # noqa: PLR2004 - RFC 9110
        return RequestError(
            Situation.METHOD_UNKNOWN, "this method is not offered here", headers=error.headers
        )
    return RequestError(Situation.NOT_FOUND, "there is nothing at this address")


def _with_headers(send: Send, scope: Scope, authenticated: AuthenticatedAgent | None) -> Send:
    extra = _extra_headers(scope, authenticated)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in extra.items():
                # A resource that deletes the cookie must not have it set again.
                if name != "Set-Cookie" or name not in headers:
                    headers.append(name, value)
        await send(message)

    return sending


def _extra_headers(scope: Scope, authenticated: AuthenticatedAgent | None) -> Mapping[str, str]:
    extra = {name.decode(): value.decode("latin-1") for name, value in cors_headers(scope)}
    if extra:
        extra["access-control-expose-headers"] = EXPOSED
    if authenticated is not None:
        extra |= authenticated.headers
        if authenticated.csrf_token and scope["method"] == "GET":
            extra |= {"X-CSRF-HEADER": CSRF_HEADER, CSRF_HEADER: authenticated.csrf_token}
    return extra
