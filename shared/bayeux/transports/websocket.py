"""Bayeux over a websocket: messages are read one after the other, events go out as they come."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog

from shared.bayeux.driver import BayeuxDriver, is_poll, needs_preparation
from shared.bayeux.messages.message import MalformedError, Message, decode, frame
from shared.bayeux.protocol.bayeux_protocol import Outcome
from shared.bayeux.sessions.principal import Principal
from shared.bayeux.sessions.session import Session, Transport
from shared.bayeux.transports.cluster import Cluster
from shared.bayeux.transports.tunnel import Tunnel
from shared.bayeux.transports.web import Scope, browser_of, encoded
from shared.bayeux.transports.websocket_connection import SocketConnection

log = structlog.get_logger(__name__)

GOING_AWAY: Final = 1001
UNSUPPORTED: Final = 1003
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
MALFORMED: Final = 1011

_MAX_UNSENT_REPLIES: Final = 16
_CONNECT_REPLY: Final = b'"channel":"/meta/connect"'
"""As `wire.encode` writes it; within the text of an event its quotes are escaped."""

_CLOCK_GRAIN: Final = 0.001


class SocketPeer:
    """One websocket from its upgrade to its end."""

    __slots__ = (
        "_close_code",
        "_closed",
        "_cluster",
        "_connection",
        "_driver",
        "_is_over",
        "_on_end",
        "_tunnel",
        "_unanswered",
        "_unread",
        "_unsent",
        "_upgrade",
        "_working",
        "browser",
        "login",
        "session",
        "transport",
        "user_id",
    )

    def __init__(
        self,
        driver: BayeuxDriver,
        cluster: Cluster,
        who: Principal,
        upgrade: Scope,
        connection: SocketConnection,
        *,
        on_end: Callable[["SocketPeer"], None],
    ) -> None:
        self.user_id = who.user_id
        self.login = who.login
        self.browser = browser_of(upgrade)
        self.transport = Transport.WEBSOCKET
        self.session: Session | None = None
        self._driver = driver
        self._cluster = cluster
        self._upgrade = upgrade
        self._connection = connection
        self._tunnel: Tunnel | None = None
        self._unanswered: Message | None = None
        self._unread: deque[bytes] = deque()
        self._unsent: deque[bytes] = deque()
        self._working: asyncio.Task[None] | None = None
        self._on_end: Callable[[SocketPeer], None] | None = on_end
        self._close_code: int | None = None
        self._closed: asyncio.Event | None = None
        self._is_over = False

    @property
    def is_there(self) -> bool:
        """Tell whether the client still reads."""
        return not self._is_over

    @property
    def is_closing(self) -> bool:
        """Tell whether the socket was told to close."""
        return self._close_code is not None

    @property
    def is_idle(self) -> bool:
        """Tell whether the socket is open and speaks for no session, here or elsewhere."""
        is_busy = self.is_closing or self._working is not None or self._tunnel is not None
        return not (is_busy or self._driver.protocol.speaks(self))

    def flush(self) -> None:
        """Write what waits, if the client reads what it is sent."""
        if self._is_over or not self._connection.is_writable:
            return
        while self._unsent:
            self._connection.write(self._unsent.popleft())
        texts = self._driver.collect(self)
        if texts:
            self._connection.write(frame(texts))
        if self._close_code is None:
            return
        if texts:
            # There may be more than a frame holds.
            self._driver.flush_soon(self)
        elif self._tunnel is None:
            if self._unanswered is not None:
                self._write_farewell(self._unanswered)
            self._connection.close(self._close_code)
            self._stop()

    def close(self, code: int) -> None:
        """Have the socket closed once all that waits has been written."""
        self._close_code = self._close_code or code
        if self._tunnel is not None:
            self._tunnel.close()
        self._driver.flush_soon(self)

    async def closed(self) -> None:
        """Return once all that waited has been written and the socket is closed."""
        if not self._is_over:
            self._closed = self._closed or asyncio.Event()
            await self._closed.wait()

    def read(self, text: bytes) -> None:
        """Obey a message when all before it have been obeyed and their replies are on the way."""
        self._unread.append(text)
        self._go_on()

    def read_binary(self) -> None:
        """Refuse what cannot be Bayeux."""
        self.close(UNSUPPORTED)

    def go_on_writing(self) -> None:
        """The client reads again."""
        self.flush()
        self._go_on()

    def leave(self) -> None:
        """The client has gone."""
        self._stop()
        if self._working is None:
            self._finish()

    def _go_on(self) -> None:
        while self._unread and self._may_dispatch():
            self._dispatch(self._unread.popleft())
        if self._unread:
            self._connection.stop_reading()
        else:
            self._connection.go_on_reading()

    def _may_dispatch(self) -> bool:
        return self._working is None and len(self._unsent) < _MAX_UNSENT_REPLIES

    def _dispatch(self, text: bytes) -> None:
        settings = self._driver.settings
        if self._close_code is not None:
            return
        if len(text) > settings.max_body_bytes:
            self.close(TOO_BIG)
            return
        with self._closing_on_faults():
            messages = decode(text, max_batch=settings.max_batch, max_depth=settings.max_depth)
            protocol = self._driver.protocol
            foreign = None if protocol.speaks(self) else protocol.foreign_session(messages)
            if foreign is not None:
                self._work(self._hand_on(foreign, messages, text))
            elif needs_preparation(messages):
                self._work(self._prepare(messages))
            else:
                self._tell(self._driver.dispatch(messages, self))

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        """Obey nothing more until something is done."""
        self._working = asyncio.create_task(work)
        self._working.add_done_callback(self._worked)

    async def _prepare(self, messages: Sequence[Message]) -> None:
        with self._closing_on_faults():
            self._tell(await self._driver.prepare(messages, self))

    async def _hand_on(self, session_id: str, messages: Sequence[Message], text: bytes) -> None:
        with self._closing_on_faults():
            if is_poll(messages):
                self._unanswered = messages[0]
                if self._driver.protocol.is_draining:
                    self.close(GOING_AWAY)
                    return
            tunnel = await self._tunnel_to(session_id)
            if self._is_over or self.is_closing:
                # Its client may be at another process by now, and this would be in its way there.
                return
            if tunnel is not None:
                await tunnel.send(text)
            else:
                self._unanswered = None
                self._tell(self._driver.dispatch(messages, self))

    async def _tunnel_to(self, session_id: str) -> Tunnel | None:
        """Return the tunnel to the process of a session; None where that is not to be reached.

        A socket speaks for one session: the tunnel to another one ends.
        """
        if self._tunnel is not None and self._tunnel.session_id == session_id:
            return self._tunnel
        far = await self._cluster.open_socket(session_id, self._upgrade)
        if far is None:
            return None
        self._driver.protocol.counters.handed_on += 1
        tunnel = Tunnel(session_id, far, relay=self._relay, on_end=self._tunnel_ended)
        self._leave_tunnel()
        if self._is_over or self.is_closing:
            tunnel.leave()
        else:
            self._tunnel = tunnel
        return tunnel

    async def _relay(self, text: bytes) -> None:
        if _CONNECT_REPLY in text:
            self._unanswered = None
        self._unsent.append(text)
        self.flush()
        await self._connection.drain()

    def _tunnel_ended(self, code: int | None) -> None:
        """The other process has closed its end, or was asked to: so ends this one."""
        self._tunnel = None
        self.close(code or GOING_AWAY)

    def _write_farewell(self, connect: Message) -> None:
        """Answer a connect that the process of its session has not answered."""
        protocol = self._driver.protocol
        if self._close_code == GOING_AWAY:
            self._connection.write(frame([protocol.put_off(connect)]))
        elif self._close_code == POLICY_VIOLATION:
            self._connection.write(frame([protocol.turn_away(connect)]))

    def _leave_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.leave()
            self._tunnel = None

    @contextmanager
    def _closing_on_faults(self) -> Iterator[None]:
        try:
            yield
        except MalformedError:
            self.close(MALFORMED)
        except Exception:
            log.exception("a message could not be obeyed", user_id=self.user_id)
            self.close(MALFORMED)

    def _worked(self, _: "asyncio.Task[None]") -> None:
        self._working = None
        if self._is_over:
            self._finish()
        else:
            self._go_on()

    def _tell(self, outcome: Outcome) -> None:
        if self._driver.protocol.speaks(self):
            # It has begun a session here.
            self._leave_tunnel()
            self._unanswered = None
        if outcome.texts:
            self._say(outcome.texts)

    def _say(self, texts: Sequence[bytes]) -> None:
        self._unsent.append(frame(texts))
        self.flush()

    def _stop(self) -> None:
        """Write nothing more: what still comes is for the next socket of the session."""
        self._is_over = True
        self._unread.clear()
        self._leave_tunnel()
        if self._closed is not None:
            self._closed.set()

    def _finish(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self._driver.lose(self)
            on_end(self)


class WebSockets:
    """Serves authenticated sockets."""

    def __init__(self, driver: BayeuxDriver, cluster: Cluster) -> None:
        self._driver = driver
        self._cluster = cluster
        self._settings = driver.settings
        self._open: dict[str, dict[SocketPeer, asyncio.TimerHandle | None]] = {}

    async def serve(self, who: Principal, connection: SocketConnection, scope: Scope) -> None:
        """Accept a socket; from then on it is served until either side ends it, or its login."""
        peer = SocketPeer(self._driver, self._cluster, who, scope, connection, on_end=self._leave)
        self._enter(peer)
        try:
            await connection.accept(peer, encoded(who.headers))
        except BaseException:
            self._leave(peer)
            raise

    def users(self) -> set[str]:
        """Return whose sockets are open."""
        return set(self._open)

    def close_user(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """Close the sockets of a user whose login is no longer good."""
        for peer in self._open.get(user_id, ()):
            if peer.login.proof not in keeping:
                peer.close(POLICY_VIOLATION)

    def login_sessions(self) -> set[str]:
        """Return by which login sessions sockets are open."""
        return {peer.login.session for mine in self._open.values() for peer in mine}

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """Close the sockets that are open by a login session that has ended."""
        for mine in self._open.values():
            for peer in mine:
                if peer.login.session in ended:
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
                    await peer.closed()

    def _enter(self, peer: SocketPeer) -> None:
        """Let a socket in; of too many that speak for no session the oldest are closed."""
        mine = self._open.setdefault(peer.user_id, {})
        idle = [one for one in mine if one.is_idle]
        too_many = max(0, len(idle) + 1 - self._settings.max_idle_sockets_per_user)
        for one in idle[:too_many]:
            one.close(POLICY_VIOLATION)
        mine[peer] = self._arm_end(peer)

    def _leave(self, peer: SocketPeer) -> None:
        mine = self._open[peer.user_id]
        end_of_login = mine.pop(peer)
        if end_of_login is not None:
            end_of_login.cancel()
        if not mine:
            del self._open[peer.user_id]

    def _arm_end(self, peer: SocketPeer) -> asyncio.TimerHandle | None:
        if not math.isfinite(peer.login.ends_at):
            return None
        loop = asyncio.get_running_loop()
        return loop.call_at(peer.login.ends_at + _CLOCK_GRAIN, self._end_login, peer)

    def _end_login(self, peer: SocketPeer) -> None:
        # The connect that waits is answered first, then the socket is closed.
        self._driver.sweep()
        peer.close(POLICY_VIOLATION)
