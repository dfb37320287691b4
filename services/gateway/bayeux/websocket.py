"""Bayeux over a websocket: one reader, one writer, events go out as they come."""

import asyncio
import math
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

from services.gateway.bayeux import eager
from services.gateway.bayeux.engine import Engine
from services.gateway.bayeux.session import Login, Session, Transport
from services.gateway.bayeux.web import Receive, Scope, Send, browser_of
from services.gateway.bayeux.wire import MalformedError, decode, frame

GOING_AWAY: Final = 1001
UNSUPPORTED: Final = 1003
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
MALFORMED: Final = 1011

_MAX_UNSENT_REPLIES: Final = 16
_CLOCK_GRAIN: Final = 0.001


class SocketPeer:
    """One websocket from its upgrade to its end."""

    __slots__ = (
        "_engine",
        "_is_closed",
        "_send",
        "_timer",
        "_writing",
        "browser",
        "close_code",
        "login",
        "session",
        "transport",
        "unsent",
        "user_id",
    )

    def __init__(
        self, engine: Engine, user_id: str, browser: str | None, login: Login, send: Send
    ) -> None:
        self.user_id = user_id
        self.login = login
        self.browser = browser
        self.transport = Transport.WEBSOCKET
        self.session: Session | None = None
        self.unsent: list[str] = []
        self.close_code: int | None = None
        self._engine = engine
        self._send = send
        self._is_closed = False
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Have `flush` called soon."""
        self._engine.flush_soon(self)

    def flush(self) -> None:
        """Write what waits, unless a write waits for the client to read."""
        if self._writing is None:
            self._writing = eager.start(self._write())
            if self._writing is not None:
                self._writing.add_done_callback(self._written)

    def close(self, code: int) -> None:
        """Have the socket closed once all that waits has been written."""
        self.close_code = self.close_code or code
        self.wake()

    async def reply(self, text: str) -> None:
        """Send a frame; waits while the client does not read its replies."""
        self.unsent.append(text)
        self.flush()
        if len(self.unsent) >= _MAX_UNSENT_REPLIES:
            await self.written()

    async def written(self) -> None:
        """Return once all that waited has been written, or the client has gone."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    def await_deadline(self, timer: asyncio.TimerHandle | None) -> None:
        """Keep the timer of the connect that waits now, instead of the one before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    async def _write(self) -> None:
        try:
            while not self._is_closed and (text := self._next_frame()) is not None:
                await self._send({"type": "websocket.send", "text": text})
            if self.close_code is not None and not self._is_closed:
                self._is_closed = True
                await self._send({"type": "websocket.close", "code": self.close_code})
        except OSError:
            # The reader learns the same from its side.
            self._is_closed = True

    def _written(self, _: "asyncio.Task[None]") -> None:
        self._writing = None

    def _next_frame(self) -> str | None:
        if self.unsent:
            return self.unsent.pop(0)
        texts = self._engine.collect(self)
        return frame(texts) if texts else None


class WebSockets:
    """Serves authenticated sockets."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = engine.settings
        self._open: dict[str, dict[SocketPeer, None]] = {}

    async def serve(
        self, user_id: str, login: Login, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Accept a socket and talk until either side ends it, or its login does."""
        await send({"type": "websocket.accept"})
        peer = SocketPeer(self._engine, user_id, browser_of(scope), login, send)
        self._enter(peer)
        end = self._arm_end(peer)
        try:
            await self._read(peer, receive)
        finally:
            self._leave(peer)
            self._engine.lose(peer)
            peer.await_deadline(None)
            if end is not None:
                end.cancel()

    def users(self) -> set[str]:
        """Return whose sockets are open."""
        return set(self._open)

    def close_user(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """Close the sockets of a user whose login is no longer good."""
        for peer in self._open.get(user_id, ()):
            if peer.login.proof not in keeping:
                peer.close(POLICY_VIOLATION)

    async def close_all(self) -> None:
        """Close every socket and wait, for a limited time, until all has been written."""
        peers = [peer for mine in self._open.values() for peer in mine]
        for peer in peers:
            peer.close(GOING_AWAY)
            peer.flush()
        grace = self._settings.drain_grace.total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                for peer in peers:
                    await peer.written()

    def _enter(self, peer: SocketPeer) -> None:
        """Let a socket in; of too many that speak for no session the oldest is closed."""
        mine = self._open.setdefault(peer.user_id, {})
        idle = [one for one in mine if not self._engine.hub.speaks(one)]
        if len(idle) >= self._settings.max_idle_sockets_per_user:
            idle[0].close(POLICY_VIOLATION)
        mine[peer] = None

    def _leave(self, peer: SocketPeer) -> None:
        mine = self._open[peer.user_id]
        del mine[peer]
        if not mine:
            del self._open[peer.user_id]

    def _arm_end(self, peer: SocketPeer) -> asyncio.TimerHandle | None:
        if not math.isfinite(peer.login.ends_at):
            return None
        loop = asyncio.get_running_loop()
        return loop.call_at(peer.login.ends_at + _CLOCK_GRAIN, self._end_login, peer)

    def _end_login(self, peer: SocketPeer) -> None:
        # The connect that waits is answered first, then the socket is closed.
        self._engine.sweep()
        peer.close(POLICY_VIOLATION)

    async def _read(self, peer: SocketPeer, receive: Receive) -> None:
        while (incoming := await receive())["type"] == "websocket.receive":
            await self._obey(peer, incoming)

    async def _obey(self, peer: SocketPeer, incoming: Any) -> None:
        text = incoming.get("text")
        if text is None:
            peer.close(UNSUPPORTED)
        elif len(text) > self._settings.max_body_bytes:
            peer.close(TOO_BIG)
        elif peer.close_code is None:
            await self._obey_text(peer, text)

    async def _obey_text(self, peer: SocketPeer, text: str) -> None:
        try:
            messages = decode(
                text, max_batch=self._settings.max_batch, max_depth=self._settings.max_depth
            )
        except MalformedError:
            peer.close(MALFORMED)
            return
        outcome = await self._engine.receive(messages, peer)
        if outcome.hold is not None:
            peer.await_deadline(self._engine.arm(outcome.hold))
        if outcome.texts:
            await peer.reply(frame(outcome.texts))
