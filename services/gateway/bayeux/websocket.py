"""Bayeux over a websocket: one reader, one writer, events go out as they come."""

import asyncio
import math
from collections import deque
from collections.abc import Collection
from typing import Any, Final

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
        "_room",
        "_timer",
        "_woken",
        "browser",
        "close_code",
        "login",
        "session",
        "transport",
        "unsent",
        "user_id",
    )

    def __init__(self, user_id: str, browser: str | None, login: Login) -> None:
        self.user_id = user_id
        self.login = login
        self.browser = browser
        self.transport = Transport.WEBSOCKET
        self.session: Session | None = None
        self.unsent: deque[str] = deque()
        self.close_code: int | None = None
        self._woken = asyncio.Event()
        self._room = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Let the writer look for something to send."""
        self._woken.set()

    def close(self, code: int) -> None:
        """Have the socket closed once all that waits has been written."""
        self.close_code = self.close_code or code
        self._room.set()
        self.wake()

    async def reply(self, text: str) -> None:
        """Hand a frame to the writer; waits while the client does not read its replies."""
        self.unsent.append(text)
        self.wake()
        while len(self.unsent) >= _MAX_UNSENT_REPLIES and self.close_code is None:
            self._room.clear()
            await self._room.wait()

    async def woken(self) -> None:
        """Return once there may be something to send."""
        await self._woken.wait()
        self._woken.clear()

    def await_deadline(self, timer: asyncio.TimerHandle | None) -> None:
        """Keep the timer of the connect that waits now, instead of the one before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    def next_reply(self) -> str | None:
        """Take the oldest frame that waits."""
        if not self.unsent:
            return None
        self._room.set()
        return self.unsent.popleft()


class WebSockets:
    """Serves authenticated sockets."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = engine.settings
        self._open: dict[SocketPeer, asyncio.Task[None]] = {}

    async def serve(
        self, user_id: str, login: Login, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Accept a socket and talk until either side ends it, or its login does."""
        await send({"type": "websocket.accept"})
        peer = SocketPeer(user_id, browser_of(scope), login)
        writer = self._open[peer] = asyncio.create_task(self._write(peer, send))
        end = self._arm_end(peer)
        try:
            await self._read(peer, receive)
        finally:
            del self._open[peer]
            self._engine.lose(peer)
            peer.await_deadline(None)
            if end is not None:
                end.cancel()
            writer.cancel()

    def users(self) -> set[str]:
        """Return whose sockets are open."""
        return {peer.user_id for peer in self._open}

    def close_user(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """Close the sockets of a user whose login is no longer good."""
        for peer in self._open:
            if peer.user_id == user_id and peer.login.proof not in keeping:
                peer.close(POLICY_VIOLATION)

    async def close_all(self) -> None:
        """Close every socket and wait, for a limited time, until all has been written."""
        for peer in self._open:
            peer.close(GOING_AWAY)
        if self._open:
            grace = self._settings.drain_grace.total_seconds()
            await asyncio.wait(set(self._open.values()), timeout=grace)

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

    async def _write(self, peer: SocketPeer, send: Send) -> None:
        try:
            while peer.close_code is None:
                await peer.woken()
                await self._flush(peer, send)
            await self._flush(peer, send)
            await send({"type": "websocket.close", "code": peer.close_code})
        except OSError:
            # The reader learns the same from its side; it must not wait for us any longer.
            peer.close(MALFORMED)

    async def _flush(self, peer: SocketPeer, send: Send) -> None:
        while (text := self._next_frame(peer)) is not None:
            await send({"type": "websocket.send", "text": text})

    def _next_frame(self, peer: SocketPeer) -> str | None:
        if (reply := peer.next_reply()) is not None:
            return reply
        texts = self._engine.collect(peer)
        return frame(texts) if texts else None
