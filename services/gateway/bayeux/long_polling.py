"""Bayeux over HTTP POST: a request is answered at once, or held until there is news."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs

from services.gateway.bayeux.channels import Meta
from services.gateway.bayeux.engine import Engine
from services.gateway.bayeux.origins import cors_headers
from services.gateway.bayeux.session import Hold, Login, Session, Transport
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.web import (
    AbortedError,
    Answer,
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
_FORM: Final = "application/x-www-form-urlencoded"


class RequestPeer:
    """One POST, for as long as it is open."""

    __slots__ = ("_woken", "browser", "login", "session", "transport", "user_id")

    def __init__(self, user_id: str, browser: str | None, login: Login) -> None:
        self.user_id = user_id
        self.login = login
        self.browser = browser
        self.transport = Transport.LONG_POLLING
        self.session: Session | None = None
        self._woken: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Let `woken` return."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def woken(self) -> None:
        """Return once there may be something to collect."""
        self._woken = asyncio.get_running_loop().create_future()
        await self._woken


class LongPolling:
    """Serves authenticated POSTs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = engine.settings

    async def serve(
        self, user_id: str, login: Login, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request, unless its client goes away."""
        with suppress(AbortedError):
            answer = await self._answer(
                RequestPeer(user_id, browser_of(scope), login), scope, receive
            )
            await respond(send, answer.plus(*cors_headers(scope)))

    async def _answer(self, peer: RequestPeer, scope: Scope, receive: Receive) -> Answer:
        kind = (header(scope, b"content-type") or "application/json").partition(";")[0].strip()
        if kind.lower() not in {"application/json", _FORM}:
            return Answer(415)
        try:
            body = await read_body(receive, at_most=self._settings.max_body_bytes)
            messages = read_messages(body, self._settings, is_form=kind.lower() == _FORM)
        except TooLargeError:
            return Answer(413, headers=((b"connection", b"close"),))
        except MalformedError:
            return Answer(400)
        return await self._obey(peer, receive, messages)

    async def _obey(
        self, peer: RequestPeer, receive: Receive, messages: Sequence[Message]
    ) -> Answer:
        introduces = peer.browser is None and any(m.channel == Meta.HANDSHAKE for m in messages)
        if introduces:
            peer.browser = new_browser()
        outcome = await self._engine.receive(messages, peer)
        texts = outcome.texts
        if outcome.hold is not None:
            texts += await self._wait(peer, outcome.hold, receive)
        if not texts:
            return Answer(self._settings.duplicate_connect_status)
        answer = Answer(200, frame(texts).encode(), (JSON, _FRESH))
        if introduces and peer.browser:
            return answer.plus(browser_cookie(peer.browser, self._settings))
        return answer

    async def _wait(self, peer: RequestPeer, hold: Hold, receive: Receive) -> list[str]:
        """Return what a held connect is answered with; nothing if a newer one replaced it.

        Raises:
            AbortedError: the client went away; events stay queued.
        """
        gone = asyncio.ensure_future(receive())
        gone.add_done_callback(lambda _: peer.wake())
        timer = self._engine.arm(hold)
        try:
            while not gone.done():
                if (texts := self._engine.collect(peer)) or peer.session is None:
                    return texts
                await peer.woken()
            raise AbortedError
        finally:
            timer.cancel()
            gone.cancel()
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
