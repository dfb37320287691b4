"""Bayeux over HTTP: a request is answered at once, or held until there is news."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from services.gateway.bayeux import eager
from services.gateway.bayeux.callback_polling import HEADERS as SCRIPT_HEADERS
from services.gateway.bayeux.callback_polling import read_call, script
from services.gateway.bayeux.channels import Meta
from services.gateway.bayeux.engine import Engine
from services.gateway.bayeux.origins import cors_headers
from services.gateway.bayeux.session import Hold, Login, Session, Transport
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.web import (
    AbortedError,
    Answer,
    Header,
    Receive,
    Scope,
    Send,
    TooLargeError,
    browser_cookie,
    browser_of,
    header,
    new_browser,
    read_body,
    respond,
)
from services.gateway.bayeux.wire import MalformedError, Message, decode, frame

JSON: Final = (b"content-type", b"application/json;charset=UTF-8")
_FRESH: Final = (b"cache-control", b"no-store")
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"

Reply = Callable[[list[str]], Coroutine[Any, Any, None]]
"""Answers a request with messages; with none when a newer connect took its place."""


@dataclass(frozen=True, slots=True)
class Style:
    """How messages of one kind of polling look in an answer."""

    transport: Transport
    headers: Sequence[Header]
    write: Callable[[Sequence[str]], bytes]


_PLAIN: Final = Style(Transport.LONG_POLLING, (JSON, _FRESH), lambda texts: frame(texts).encode())


class RequestPeer:
    """One request, for as long as it is open."""

    __slots__ = ("_engine", "_reply", "browser", "login", "session", "transport", "user_id")

    def __init__(
        self,
        engine: Engine,
        user_id: str,
        browser: str | None,
        login: Login,
        transport: Transport,
    ) -> None:
        self.user_id = user_id
        self.login = login
        self.browser = browser
        self.transport = transport
        self.session: Session | None = None
        self._engine = engine
        self._reply: Reply | None = None

    def wake(self) -> None:
        """Have `flush` called soon."""
        self._engine.flush_soon(self)

    def flush(self) -> None:
        """Answer, if there is anything to say or a newer connect came."""
        if self._reply is None:
            return
        texts = self._engine.collect(self)
        if texts or self.session is None:
            reply, self._reply = self._reply, None
            eager.start(reply(texts))

    async def wait(self, receive: Receive, reply: Reply) -> None:
        """Return when `reply` has been called, or the client went away; events stay queued then."""
        self._reply = reply
        self.flush()
        while (await receive())["type"] != "http.disconnect":
            pass
        self._reply = None


class LongPolling:
    """Serves authenticated POSTs, and GETs where callback-polling is on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = engine.settings

    async def serve(
        self, user_id: str, login: Login, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request, unless its client goes away."""
        if scope["method"] == "GET":
            style, read = self._read_call(scope)
        else:
            style, read = _PLAIN, await self._read(scope, receive)
        if isinstance(read, Answer):
            await respond(send, read.plus(*cors_headers(scope)))
        elif read:
            peer = RequestPeer(self._engine, user_id, browser_of(scope), login, style.transport)
            await self._obey(peer, style, scope, receive, send, read)

    def _read_call(self, scope: Scope) -> tuple[Style, Sequence[Message] | Answer]:
        try:
            call = read_call(scope["query_string"], self._settings)
        except MalformedError:
            return _PLAIN, Answer(400)
        write = partial(script, call.callback)
        return Style(Transport.CALLBACK_POLLING, SCRIPT_HEADERS, write), call.messages

    async def _read(self, scope: Scope, receive: Receive) -> Sequence[Message] | Answer:
        """Return the messages of a request, none if its client went away, or a refusal."""
        kind = (header(scope, b"content-type") or _JSON).partition(";")[0].strip().lower()
        if kind not in {_JSON, _FORM}:
            return Answer(415)
        try:
            body = await read_body(receive, at_most=self._settings.max_body_bytes)
            return read_messages(body, self._settings, is_form=kind == _FORM)
        except TooLargeError:
            return Answer(413, headers=((b"connection", b"close"),))
        except MalformedError:
            return Answer(400)
        except AbortedError:
            return ()

    async def _obey(
        self,
        peer: RequestPeer,
        style: Style,
        scope: Scope,
        receive: Receive,
        send: Send,
        messages: Sequence[Message],
    ) -> None:
        headers = [*style.headers, *cors_headers(scope)]
        if peer.browser is None and any(m.channel == Meta.HANDSHAKE for m in messages):
            peer.browser = new_browser()
            headers.append(browser_cookie(peer.browser, self._settings))

        def reply(texts: list[str]) -> Coroutine[Any, Any, None]:
            if texts:
                return respond(send, Answer(200, style.write(texts), headers))
            return respond(send, Answer(self._settings.duplicate_connect_status))

        outcome = await self._engine.receive(messages, peer)
        if outcome.hold is None:
            await reply(outcome.texts)
        else:
            # A connect is held only where it came alone: there is nothing else to say yet.
            await self._hold(peer, outcome.hold, receive, reply)

    async def _hold(self, peer: RequestPeer, hold: Hold, receive: Receive, reply: Reply) -> None:
        timer = self._engine.arm(hold)
        try:
            await peer.wait(receive, reply)
        finally:
            timer.cancel()
            self._engine.lose(peer)


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
