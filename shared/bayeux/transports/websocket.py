"""Bayeux over websocket: messages are handled one after the other, events are pushed."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog

from shared.bayeux.driver import BayeuxDriver
from shared.bayeux.messages.batches import has_subscribe, is_poll
from shared.bayeux.messages.message import MalformedError, Message, decode, frame
from shared.bayeux.protocol.bayeux_protocol import Outcome
from shared.bayeux.sessions.principal import Principal
from shared.bayeux.sessions.session import Session, Transport
from shared.bayeux.transports.cluster import Cluster
from shared.bayeux.transports.processor_share import UserShares
from shared.bayeux.transports.tunnel import Tunnel
from shared.bayeux.transports.web import Scope, browser_of, encoded
from shared.bayeux.transports.websocket_connection import SocketConnection

log = structlog.get_logger(__name__)

# Close codes of RFC 6455, 7.4.1.
GOING_AWAY: Final = 1001
UNSUPPORTED: Final = 1003
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
MALFORMED: Final = 1011

# A client that asks and does not read must not fill memory.
_MAX_UNSENT_REPLIES: Final = 16
_CONNECT_REPLY: Final = b'"channel":"/meta/connect"'
"""As `message.encode` writes it; inside the text of an event the quotes would be escaped."""

_CLOCK_GRAIN: Final = 0.001
"""Seconds added to a timer, so that the clock has reached the time when it fires."""


class SocketPeer:
    """A websocket from its upgrade to its end: the `Peer` of its session."""

    __slots__ = (
        "_close_code",
        "_closed",
        "_cluster",
        "_connection",
        "_driver",
        "_has_ended",
        "_on_end",
        "_pending_connect",
        "_task",
        "_tunnel",
        "_unread",
        "_unsent",
        "_upgrade",
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
        principal: Principal,
        upgrade: Scope,
        connection: SocketConnection,
        *,
        on_end: Callable[["SocketPeer"], None],
    ) -> None:
        self.user_id = principal.user_id
        self.login = principal.login
        self.browser = browser_of(upgrade)
        self.transport = Transport.WEBSOCKET
        self.session: Session | None = None
        self._driver = driver
        self._cluster = cluster
        self._upgrade = upgrade
        self._connection = connection
        self._tunnel: Tunnel | None = None
        self._pending_connect: Message | None = None
        self._unread: deque[bytes] = deque()
        self._unsent: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None
        self._on_end: Callable[[SocketPeer], None] | None = on_end
        self._close_code: int | None = None
        self._closed: asyncio.Event | None = None
        self._has_ended = False

    @property
    def is_there(self) -> bool:
        """Tell whether the socket is open and can be written to."""
        return not self._has_ended

    @property
    def is_closing(self) -> bool:
        """Tell whether `close` was called."""
        return self._close_code is not None

    @property
    def is_idle(self) -> bool:
        """Tell whether the socket is open and belongs to no session, here or in another process."""
        is_busy = self.is_closing or self._task is not None or self._tunnel is not None
        return not (is_busy or self._driver.protocol.has_session(self))

    def flush(self) -> None:
        """Write what waits unless the write buffer is full, then close if `close` was called."""
        if self._has_ended or not self._connection.is_writable:
            return
        while self._unsent:
            self._connection.write(self._unsent.popleft())
        texts = self._driver.collect(self)
        if texts:
            self._connection.write(frame(texts))
        if self._close_code is None:
            return
        if texts:
            # More events may wait than one frame holds.
            self._driver.flush_soon(self)
        elif self._tunnel is None:
            if self._pending_connect is not None:
                self._answer_pending_connect(self._pending_connect)
            self._connection.close(self._close_code)
            self._end()

    def close(self, code: int) -> None:
        """Close the socket once all that waits has been written; the first code counts."""
        self._close_code = self._close_code or code
        if self._tunnel is not None:
            self._tunnel.close()
        self._driver.flush_soon(self)

    async def closed(self) -> None:
        """Return when the socket is closed."""
        if not self._has_ended:
            self._closed = self._closed or asyncio.Event()
            await self._closed.wait()

    def text_received(self, text: bytes) -> None:
        """Handle a request, after earlier ones are handled and most replies have been written."""
        self._unread.append(text)
        self._process_unread()

    def binary_received(self) -> None:
        """Close the socket: Bayeux has no binary messages."""
        self.close(UNSUPPORTED)

    def writing_resumed(self) -> None:
        """Write what waits, and go on handling requests."""
        self.flush()
        self._process_unread()

    def disconnected(self) -> None:
        """Detach from the session, after the request that is being handled."""
        self._end()
        if self._task is None:
            self._detach()

    def _process_unread(self) -> None:
        while self._unread and self._may_dispatch():
            self._dispatch(self._unread.popleft())
        if self._unread:
            self._connection.pause_reading()
        else:
            self._connection.resume_reading()

    def _may_dispatch(self) -> bool:
        return self._task is None and len(self._unsent) < _MAX_UNSENT_REPLIES

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
            foreign = None if protocol.has_session(self) else protocol.foreign_session(messages)
            if foreign is not None:
                self._run(self._forward(foreign, messages, text))
            elif has_subscribe(messages):
                self._run(self._prepare(messages))
            else:
                self._send_outcome(self._driver.dispatch(messages, self))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task; later requests wait until it is done."""
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._task_done)

    async def _prepare(self, messages: Sequence[Message]) -> None:
        with self._closing_on_faults():
            self._send_outcome(await self._driver.prepare(messages, self))

    async def _forward(self, session_id: str, messages: Sequence[Message], text: bytes) -> None:
        with self._closing_on_faults():
            if is_poll(messages):
                self._pending_connect = messages[0]
                if self._driver.protocol.is_draining:
                    self.close(GOING_AWAY)
                    return
            tunnel = await self._open_tunnel(session_id)
            if self._has_ended or self.is_closing:
                # The client may have reconnected elsewhere; a late connect would replace its own.
                return
            if tunnel is not None:
                await tunnel.send(text)
            else:
                self._pending_connect = None
                self._send_outcome(self._driver.dispatch(messages, self))

    async def _open_tunnel(self, session_id: str) -> Tunnel | None:
        """Return a tunnel to the process that holds a session; None if that cannot be reached.

        A socket belongs to one session, so a tunnel for another session is abandoned.
        """
        if self._tunnel is not None and self._tunnel.session_id == session_id:
            return self._tunnel
        remote = await self._cluster.open_socket(session_id, self._upgrade)
        if remote is None:
            return None
        self._driver.protocol.counters.handed_on += 1
        tunnel = Tunnel(session_id, remote, relay=self._relay, on_end=self._tunnel_ended)
        self._abandon_tunnel()
        if self._has_ended or self.is_closing:
            tunnel.abandon()
        else:
            self._tunnel = tunnel
        return tunnel

    async def _relay(self, text: bytes) -> None:
        if _CONNECT_REPLY in text:
            self._pending_connect = None
        self._unsent.append(text)
        self.flush()
        await self._connection.drain()

    def _tunnel_ended(self, code: int | None) -> None:
        """Close this socket too, with the same code."""
        self._tunnel = None
        self.close(code or GOING_AWAY)

    def _answer_pending_connect(self, connect: Message) -> None:
        """Answer a connect that was forwarded and not answered before the socket closes."""
        protocol = self._driver.protocol
        if self._close_code == GOING_AWAY:
            self._connection.write(frame([protocol.answer_retry(connect)]))
        elif self._close_code == POLICY_VIOLATION:
            self._connection.write(frame([protocol.answer_login_ended(connect)]))

    def _abandon_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.abandon()
            self._tunnel = None

    @contextmanager
    def _closing_on_faults(self) -> Iterator[None]:
        try:
            yield
        except MalformedError:
            self.close(MALFORMED)
        except Exception:
            log.exception("a message could not be handled", user_id=self.user_id)
            self.close(MALFORMED)

    def _task_done(self, _: "asyncio.Task[None]") -> None:
        self._task = None
        if self._has_ended:
            self._detach()
        else:
            self._process_unread()

    def _send_outcome(self, outcome: Outcome) -> None:
        if self._driver.protocol.has_session(self):
            # A session was begun here, so the tunnel and its connect are obsolete.
            self._abandon_tunnel()
            self._pending_connect = None
        if outcome.texts:
            self._send(outcome.texts)

    def _send(self, texts: Sequence[bytes]) -> None:
        self._unsent.append(frame(texts))
        self.flush()

    def _end(self) -> None:
        """Write nothing more; later events stay queued for the session's next socket."""
        self._has_ended = True
        self._unread.clear()
        self._abandon_tunnel()
        if self._closed is not None:
            self._closed.set()

    def _detach(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self._driver.detach(self)
            on_end(self)


class WebSockets:
    """All open sockets of this process, by user."""

    def __init__(self, driver: BayeuxDriver, cluster: Cluster) -> None:
        self._driver = driver
        self._cluster = cluster
        self._settings = driver.settings
        self._open: dict[str, dict[SocketPeer, asyncio.TimerHandle | None]] = {}
        self._shares = UserShares()

    async def serve(self, principal: Principal, connection: SocketConnection, scope: Scope) -> None:
        """Accept a socket; it is served until either side closes it or its login ends."""
        peer = SocketPeer(
            self._driver, self._cluster, principal, scope, connection, on_end=self._remove
        )
        self._add(peer)
        share = self._shares.acquire(principal.user_id)
        try:
            await connection.accept(peer, encoded(principal.headers), share=share)
        except BaseException:
            self._remove(peer)
            raise

    def users(self) -> set[str]:
        """Return the ids of the users with open sockets."""
        return set(self._open)

    def close_user(self, user_id: str, keeping: Collection[str] = ()) -> None:
        """Close a user's sockets, except those whose login has a proof in `keeping`."""
        for peer in self._open.get(user_id, ()):
            if peer.login.proof not in keeping:
                peer.close(POLICY_VIOLATION)

    def login_sessions(self) -> set[str]:
        """Return the login sessions (`Login.session`) of all open sockets."""
        return {peer.login.session for peers in self._open.values() for peer in peers}

    def end_login_sessions(self, ended: Collection[str]) -> None:
        """Close the sockets whose login session is among `ended`."""
        for peers in self._open.values():
            for peer in peers:
                if peer.login.session in ended:
                    peer.close(POLICY_VIOLATION)

    async def close_all(self) -> None:
        """Close every socket, and wait up to `drain_grace` until all has been written."""
        open_peers = [peer for peers in self._open.values() for peer in peers]
        for peer in open_peers:
            peer.close(GOING_AWAY)
            peer.flush()
        grace = self._settings.drain_grace.total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                for peer in open_peers:
                    await peer.closed()

    def _add(self, peer: SocketPeer) -> None:
        """Register a socket; close the user's oldest idle ones beyond the limit."""
        peers = self._open.setdefault(peer.user_id, {})
        idle = [one for one in peers if one.is_idle]
        too_many = max(0, len(idle) + 1 - self._settings.max_idle_sockets_per_user)
        for one in idle[:too_many]:
            one.close(POLICY_VIOLATION)
        peers[peer] = self._start_login_timer(peer)

    def _remove(self, peer: SocketPeer) -> None:
        peers = self._open[peer.user_id]
        end_of_login = peers.pop(peer)
        if end_of_login is not None:
            end_of_login.cancel()
        if not peers:
            del self._open[peer.user_id]
            self._shares.release(peer.user_id)

    def _start_login_timer(self, peer: SocketPeer) -> asyncio.TimerHandle | None:
        if not math.isfinite(peer.login.ends_at):
            return None
        loop = asyncio.get_running_loop()
        return loop.call_at(peer.login.ends_at + _CLOCK_GRAIN, self._end_login, peer)

    def _end_login(self, peer: SocketPeer) -> None:
        # The sweep answers the waiting connect before the socket is closed.
        self._driver.sweep()
        peer.close(POLICY_VIOLATION)
