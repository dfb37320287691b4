"""Bayeux over HTTP: a request is answered at once, or held until there is an event."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qs

import structlog

from shared.bayeux.driver import BayeuxDriver
from shared.bayeux.messages.batches import has_subscribe, is_poll
from shared.bayeux.messages.channels import Meta
from shared.bayeux.messages.message import MalformedError, Message, decode, frame
from shared.bayeux.protocol.bayeux_protocol import Outcome
from shared.bayeux.sessions.principal import Principal
from shared.bayeux.sessions.session import Login, Session, Transport
from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.callback_polling import HEADERS as SCRIPT_HEADERS
from shared.bayeux.transports.callback_polling import MAX_QUERY_SIZE, read_script_request, script
from shared.bayeux.transports.cluster import Cluster
from shared.bayeux.transports.cookie_diagnostics import CookieDiagnostics
from shared.bayeux.transports.http.http_connection import HttpConnection, Request
from shared.bayeux.transports.http.request_cache import RequestCache
from shared.bayeux.transports.origins import cors_headers
from shared.bayeux.transports.web import (
    Scope,
    browser_cookie,
    browser_of,
    encoded,
    header,
    new_browser,
)
from shared.http.answer import Answer, Header

log = structlog.get_logger(__name__)

JSON: Final = (b"content-type", b"application/json;charset=UTF-8")
_NO_STORE: Final = (b"cache-control", b"no-store")
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """The form of answers: JSON for long polling, a script for callback polling."""

    transport: Transport
    headers: Sequence[Header]
    write: Callable[[Sequence[bytes]], bytes]


_PLAIN: Final = ResponseFormat(Transport.LONG_POLLING, (JSON, _NO_STORE), frame)


@dataclass(frozen=True, slots=True)
class Requester:
    """The user and browser behind a request, and the form of the answer, as the head tells."""

    user_id: str
    login: Login
    browser: str | None
    response_format: ResponseFormat
    headers: Sequence[Header]


class RequestPeer:
    """An open request: the `Peer` of a session until it is answered."""

    __slots__ = (
        "_connection",
        "_driver",
        "_is_waiting",
        "_requester",
        "browser",
        "login",
        "session",
        "transport",
        "user_id",
    )

    def __init__(
        self, driver: BayeuxDriver, requester: Requester, connection: HttpConnection
    ) -> None:
        self.user_id = requester.user_id
        self.login = requester.login
        self.browser = requester.browser
        self.transport = requester.response_format.transport
        self.session: Session | None = None
        self._driver = driver
        self._requester = requester
        self._connection = connection
        self._is_waiting = False

    @property
    def is_there(self) -> bool:
        """Tell whether the client is connected and waits for its answer."""
        return self._connection.awaits_answer

    def flush(self) -> None:
        """Answer the held connect if there are messages for it or a newer connect replaced it."""
        if not self._is_waiting:
            return
        texts = self._driver.collect(self)
        if texts or self.session is None:
            self._is_waiting = False
            self._answer(texts)

    def send_outcome(self, outcome: Outcome) -> None:
        """Answer with the messages of an outcome, or hold the request for its connect."""
        if outcome.pending is None:
            self._answer(outcome.texts)
        else:
            # Only a connect that came alone is held, so there are no other replies to send.
            self._is_waiting = True
            self._connection.hold(self._disconnected)

    def answer_retry(self, message: Message) -> None:
        """Answer a connect so that the client repeats it, at another process."""
        self._answer([self._driver.protocol.answer_retry(message)])

    def _answer(self, texts: Sequence[bytes]) -> None:
        """Answer with messages; without any, with the status for a replaced connect."""
        if texts:
            requester = self._requester
            self._connection.answer(
                Answer(200, requester.response_format.write(texts), requester.headers)
            )
        else:
            status = self._driver.settings.duplicate_connect_status
            self._connection.answer(Answer(status, headers=self._requester.headers))

    def _disconnected(self) -> None:
        self._is_waiting = False
        self._driver.detach(self)


class LongPolling:
    """Serves authenticated POST requests, and GET requests if callback polling is on."""

    def __init__(
        self, driver: BayeuxDriver, cluster: Cluster, cookie_diagnostics: CookieDiagnostics
    ) -> None:
        self._driver = driver
        self._cluster = cluster
        self._settings = driver.settings
        self._cookie_diagnostics = cookie_diagnostics
        self._request_cache: RequestCache[Requester] = RequestCache()
        self._forwarded: set[asyncio.Task[Answer | None]] = set()

    async def serve(self, principal: Principal, request: Request) -> None:
        """Answer one request, hold its connect, or forward it to another process."""
        is_get = request.scope["method"] == "GET"
        response_format, read = (
            self._read_get(request.scope) if is_get else self._read_post(request)
        )
        if isinstance(read, Answer):
            request.connection.answer(read.plus(*cors_headers(request.scope)))
            return
        self._cookie_diagnostics.check_poll(request.scope, read, principal.user_id)
        requester = self._requester(principal, response_format, read, request.scope)
        peer = RequestPeer(self._driver, requester, request.connection)
        if (foreign_id := self._driver.protocol.foreign_session(read)) is not None:
            if await self._forward(foreign_id, read, request, peer):
                return
        elif request.head and is_poll(read):
            now, until = self._driver.now(), principal.login.ends_at
            self._request_cache.remember(
                request.head, requester, len(request.body), now=now, until=until
            )
        if not peer.is_there and any(one.channel == Meta.CONNECT for one in read):
            # The client has gone and may have sent another connect, which this one would replace.
            return
        if has_subscribe(read):
            peer.send_outcome(await self._driver.prepare(read, peer))
        else:
            peer.send_outcome(self._driver.dispatch(read, peer))

    def release_all(self) -> None:
        """Stop waiting for other processes; their connects are answered with a retry."""
        for forwarding in self._forwarded:
            forwarding.cancel()

    def serve_again(self, connection: HttpConnection, head: bytes, body: bytes) -> bool:
        """Serve a connect whose head was admitted lately; False if `serve` has to do it.

        Only single connects are served this way; all other requests are authenticated each time.
        """
        requester = self._request_cache.recall(head, len(body), now=self._driver.now())
        if requester is None:
            return False
        try:
            messages = read_messages(body, self._settings, is_form=False)
        except MalformedError:
            return False
        if not is_poll(messages) or self._driver.protocol.foreign_session(messages):
            return False
        peer = RequestPeer(self._driver, requester, connection)
        peer.send_outcome(self._driver.dispatch(messages, peer))
        return True

    async def _forward(
        self, session_id: str, messages: Sequence[Message], request: Request, peer: RequestPeer
    ) -> bool:
        """Forward a request to the process of its session; False if that cannot be reached."""
        may_wait = is_poll(messages)
        if may_wait and self._driver.protocol.is_draining:
            peer.answer_retry(messages[0])
            return True
        forwarding = asyncio.create_task(self._cluster.answer(session_id, request))
        request.connection.hold(forwarding.cancel)
        if may_wait:
            self._forwarded.add(forwarding)
            forwarding.add_done_callback(self._forwarded.discard)
        try:
            await asyncio.wait({forwarding})
        finally:
            forwarding.cancel()
        if forwarding.cancelled():
            # The client has disconnected, or this process stops.
            peer.answer_retry(messages[0])
            return True
        if (error := forwarding.exception()) is not None:
            log.error("a request could not be forwarded", exc_info=error)
            return False
        if (answer := forwarding.result()) is None:
            return False
        self._driver.protocol.counters.handed_on += 1
        # The Origin was checked here and not forwarded, so the CORS headers are added here.
        request.connection.answer(answer.plus(*cors_headers(request.scope)))
        return True

    def _requester(
        self,
        principal: Principal,
        response_format: ResponseFormat,
        messages: Sequence[Message],
        scope: Scope,
    ) -> Requester:
        browser = browser_of(scope)
        headers = [*response_format.headers, *cors_headers(scope)]
        if any(message.channel == Meta.HANDSHAKE for message in messages):
            headers += encoded(principal.headers)
            if browser is None:
                browser = new_browser()
                headers.append(browser_cookie(browser, self._settings.cookies))
        return Requester(principal.user_id, principal.login, browser, response_format, headers)

    def _read_get(self, scope: Scope) -> tuple[ResponseFormat, Sequence[Message] | Answer]:
        query = scope["query_string"]
        if len(query) > MAX_QUERY_SIZE:
            return _PLAIN, Answer(414)
        try:
            call = read_script_request(query, self._settings)
        except MalformedError:
            return _PLAIN, Answer(400)
        write = partial(script, call.callback)
        return ResponseFormat(Transport.CALLBACK_POLLING, SCRIPT_HEADERS, write), call.messages

    def _read_post(self, request: Request) -> tuple[ResponseFormat, Sequence[Message] | Answer]:
        kind = (header(request.scope, b"content-type") or _JSON).partition(";")[0].strip().lower()
        if kind not in {_JSON, _FORM}:
            return _PLAIN, Answer(415)
        try:
            return _PLAIN, read_messages(request.body, self._settings, is_form=kind == _FORM)
        except MalformedError:
            return _PLAIN, Answer(400)


def read_messages(body: bytes, settings: BayeuxSettings, *, is_form: bool) -> Sequence[Message]:
    """Read the body of a POST: JSON, or a form with fields named `message`.

    Raises:
        MalformedError: The body is no Bayeux request, or exceeds a limit.
    """
    limits = {"max_batch": settings.max_batch, "max_depth": settings.max_depth}
    if not is_form:
        return decode(body, **limits)
    try:
        parts = parse_qs(body.decode(), max_num_fields=settings.max_batch).get("message", [])
    except ValueError as error:
        raise MalformedError("not a form") from error
    messages = [message for part in parts for message in decode(part, **limits)]
    if not 0 < len(messages) <= settings.max_batch:
        raise MalformedError("a form holds at least one message and not too many")
    return messages
