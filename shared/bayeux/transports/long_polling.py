"""Bayeux over HTTP: a request is answered at once, or held until there is news."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qs

import structlog

from shared.bayeux.driver import BayeuxDriver, is_poll, needs_preparation
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
from shared.bayeux.transports.http_connection import HttpConnection, Request
from shared.bayeux.transports.origins import cors_headers
from shared.bayeux.transports.request_cache import RequestCache
from shared.bayeux.transports.web import (
    Answer,
    Header,
    Scope,
    browser_cookie,
    browser_of,
    encoded,
    header,
    new_browser,
)

log = structlog.get_logger(__name__)

JSON: Final = (b"content-type", b"application/json;charset=UTF-8")
_NO_STORE: Final = (b"cache-control", b"no-store")
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How messages of one kind of polling look in an answer."""

    transport: Transport
    headers: Sequence[Header]
    write: Callable[[Sequence[bytes]], bytes]


_PLAIN: Final = ResponseFormat(Transport.LONG_POLLING, (JSON, _NO_STORE), frame)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and how they are answered, as far as the head of a request tells it."""

    user_id: str
    login: Login
    browser: str | None
    response_format: ResponseFormat
    headers: Sequence[Header]


class RequestPeer:
    """One request, for as long as it is open."""

    __slots__ = (
        "_connection",
        "_driver",
        "_is_waiting",
        "_visitor",
        "browser",
        "login",
        "session",
        "transport",
        "user_id",
    )

    def __init__(self, driver: BayeuxDriver, visitor: Visitor, connection: HttpConnection) -> None:
        self.user_id = visitor.user_id
        self.login = visitor.login
        self.browser = visitor.browser
        self.transport = visitor.response_format.transport
        self.session: Session | None = None
        self._driver = driver
        self._visitor = visitor
        self._connection = connection
        self._is_waiting = False

    @property
    def is_there(self) -> bool:
        """Tell whether the client waits for its answer."""
        return self._connection.awaits_answer

    def flush(self) -> None:
        """Answer a connect that waits, if there is anything to say or a newer one came."""
        if not self._is_waiting:
            return
        texts = self._driver.collect(self)
        if texts or self.session is None:
            self._is_waiting = False
            self._answer(texts)

    def send_outcome(self, outcome: Outcome) -> None:
        """Answer, or leave the request open."""
        if outcome.pending is None:
            self._answer(outcome.texts)
        else:
            # A connect is held only where it came alone: there is nothing else to say yet.
            self._is_waiting = True
            self._connection.hold(self._disconnected)

    def answer_retry(self, message: Message) -> None:
        """Answer a connect that has to be made again, at another process."""
        self._answer([self._driver.protocol.answer_retry(message)])

    def _answer(self, texts: Sequence[bytes]) -> None:
        """Answer with messages; with none when a newer connect took its place."""
        if texts:
            visitor = self._visitor
            self._connection.answer(
                Answer(200, visitor.response_format.write(texts), visitor.headers)
            )
        else:
            status = self._driver.settings.duplicate_connect_status
            self._connection.answer(Answer(status, headers=self._visitor.headers))

    def _disconnected(self) -> None:
        self._is_waiting = False
        self._driver.detach(self)


class LongPolling:
    """Serves authenticated POSTs, and GETs where callback-polling is on."""

    def __init__(
        self, driver: BayeuxDriver, cluster: Cluster, cookie_diagnostics: CookieDiagnostics
    ) -> None:
        self._driver = driver
        self._cluster = cluster
        self._settings = driver.settings
        self._cookie_diagnostics = cookie_diagnostics
        self._request_cache: RequestCache[Visitor] = RequestCache()
        self._forwarded: set[asyncio.Task[Answer | None]] = set()

    async def serve(self, who: Principal, request: Request) -> None:
        """Answer one request, or keep it."""
        is_get = request.scope["method"] == "GET"
        response_format, read = (
            self._read_get(request.scope) if is_get else self._read_post(request)
        )
        if isinstance(read, Answer):
            request.connection.answer(read.plus(*cors_headers(request.scope)))
            return
        self._cookie_diagnostics.check_poll(request.scope, read, who.user_id)
        visitor = self._visitor(who, response_format, read, request.scope)
        peer = RequestPeer(self._driver, visitor, request.connection)
        if (foreign_id := self._driver.protocol.foreign_session(read)) is not None:
            if await self._forward(foreign_id, read, request, peer):
                return
        elif request.head and is_poll(read):
            now, until = self._driver.now(), who.login.ends_at
            self._request_cache.remember(
                request.head, visitor, len(request.body), now=now, until=until
            )
        if not peer.is_there and any(one.channel == Meta.CONNECT for one in read):
            # It would take the place of the connect that its client made after it gave this one up.
            return
        if needs_preparation(read):
            peer.send_outcome(await self._driver.prepare(read, peer))
        else:
            peer.send_outcome(self._driver.dispatch(read, peer))

    def release_all(self) -> None:
        """Have the connects answered that wait in other processes."""
        for forwarding in self._forwarded:
            forwarding.cancel()

    def serve_again(self, connection: HttpConnection, head: bytes, body: bytes) -> bool:
        """Serve a connect like one before it; False where the request has to be read in full.

        Only a connect is: what begins a session, or asks for more, is admitted each time.
        """
        visitor = self._request_cache.recall(head, len(body), now=self._driver.now())
        if visitor is None:
            return False
        try:
            messages = read_messages(body, self._settings, is_form=False)
        except MalformedError:
            return False
        if not is_poll(messages) or self._driver.protocol.foreign_session(messages):
            return False
        peer = RequestPeer(self._driver, visitor, connection)
        peer.send_outcome(self._driver.dispatch(messages, peer))
        return True

    async def _forward(
        self, session_id: str, messages: Sequence[Message], request: Request, peer: RequestPeer
    ) -> bool:
        """Have a request answered elsewhere; False where nobody does."""
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
            # Its client has gone, or this process stops.
            peer.answer_retry(messages[0])
            return True
        if (error := forwarding.exception()) is not None:
            log.error("not answered elsewhere", exc_info=error)
            return False
        if (answer := forwarding.result()) is None:
            return False
        self._driver.protocol.counters.handed_on += 1
        # The other process was not told of the page, which was judged here.
        request.connection.answer(answer.plus(*cors_headers(request.scope)))
        return True

    def _visitor(
        self,
        who: Principal,
        response_format: ResponseFormat,
        messages: Sequence[Message],
        scope: Scope,
    ) -> Visitor:
        browser = browser_of(scope)
        headers = [*response_format.headers, *cors_headers(scope)]
        if any(message.channel == Meta.HANDSHAKE for message in messages):
            headers += encoded(who.headers)
            if browser is None:
                browser = new_browser()
                headers.append(browser_cookie(browser, self._settings.cookies))
        return Visitor(who.user_id, who.login, browser, response_format, headers)

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
    """Read the body of a POST.

    Raises:
        MalformedError: it holds no Bayeux request.
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
