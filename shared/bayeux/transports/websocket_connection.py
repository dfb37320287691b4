"""uvicorn's websocket protocol, with a way below ASGI for the paths of Bayeux.

Input is handled in pieces, and other connections have their turn between two of them: one read may
hold forty thousand frames, and a client may send them without end. A user whose frames take more
than a tenth of the processor is read more slowly.

A client that answers no ping, or does not read to the end, is cut off without a closing handshake,
which would never end.
"""

import asyncio
from collections.abc import Callable, Sequence
from struct import Struct
from time import thread_time
from typing import Any, Final, Protocol, cast

import structlog
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from shared.bayeux.transports.processor_share import AT_ONCE_BEFORE_LOGIN, ProcessorShare
from shared.bayeux.transports.web import Scope, Send, refuse_upgrade
from shared.http.answer import Answer, Header
from shared.peers.open_connections import OpenConnections

log = structlog.get_logger(__name__)

NOT_UNICODE: Final = 1007
TOO_BIG: Final = 1009
MAX_FRAGMENTS: Final = 1_024
"""Of one message. Sane clients send few; each fragment costs memory even if it is empty."""

_PIECE: Final = 8 * 1024
"""Octets that are handled at once. Full of empty frames they take 10 ms."""

_FINAL_TEXT: Final = 0x81
_PONG: Final = b"\x8a"
_LENGTH_IN_TWO_BYTES, _LENGTH_IN_EIGHT_BYTES = 126, 127
_TWO_BYTES, _EIGHT_BYTES = Struct("!BBH"), Struct("!BBQ")


class SocketUser(Protocol):
    """The code that a socket was accepted for. Its methods must not block or raise."""

    def text_received(self, text: bytes) -> None:
        """Handle a text message (valid UTF-8)."""
        ...

    def binary_received(self) -> None:
        """Handle a binary message."""
        ...

    def writing_resumed(self) -> None:
        """Go on writing: `is_writable` is true again."""
        ...

    def disconnected(self) -> None:
        """Clean up: the socket has ended. Called once."""
        ...


class SocketServer(Protocol):
    """The server of some paths, as a socket needs it; see `BayeuxServer`."""

    def serves(self, path: str) -> bool:
        """Tell whether a path belongs to this server."""
        ...

    async def admit_socket(self, connection: "SocketConnection", scope: Scope) -> None:
        """Call `connection.accept` or `connection.refuse`."""
        ...


class SocketConnection(WebSocketsSansIOProtocol):
    """uvicorn's protocol. The websockets library does handshake, masks, fragments, pings, closing.

    A socket for a path of Bayeux needs a task only until it is accepted. From then on it calls its
    `SocketUser` for each message; each text that the user writes leaves as one frame.

    Attributes:
        is_writable: False while the client does not read and the write buffer is full.
    """

    def __init__(
        self,
        *,
        bayeux: SocketServer,
        connections: OpenConnections | None = None,
        processor_time: Callable[[], float] = thread_time,
        **uvicorns: Any,
    ) -> None:
        super().__init__(**uvicorns)
        self._bayeux = bayeux
        self._open_connections = connections
        self._user: SocketUser | None = None
        self._delayed_pong = b""
        self.is_writable = True
        self._processor_time = processor_time
        self._share = ProcessorShare(self.loop.time(), AT_ONCE_BEFORE_LOGIN)
        self._unhandled = bytearray()
        self._next_piece: asyncio.Handle | None = None
        self._is_handling = False

    @property
    def waiting_since(self) -> None:
        """None: a socket has a login, or is refused at once, and never ends for another one."""
        return

    def give_way(self) -> None:
        """End the connection for a new one."""
        self.transport.abort()

    async def accept(
        self,
        user: SocketUser,
        headers: Sequence[Header] = (),
        *,
        share: ProcessorShare | None = None,
    ) -> None:
        """Accept the socket for a user; messages that have arrived already are handled from now on.

        `share` is that of all sockets of the user; without it this socket has one of its own.

        A client that offers subprotocols expects one of them (RFC 6455, 4.1). The first is chosen,
        because only Bayeux is spoken here, whatever its name.
        """
        subprotocol = next(iter(self.scope["subprotocols"]), None)
        await self.send(
            {"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers}
        )
        self._user = user
        self._share = share or ProcessorShare(self.loop.time())
        self._cancel_next_piece()
        self.read_paused = False
        self._read_on()

    async def refuse(self, answer: Answer) -> None:
        """Answer the upgrade with an HTTP response."""
        scope, send = cast("Scope", self.scope), cast("Send", self.send)
        await refuse_upgrade(scope, send, answer)

    async def drain(self) -> None:
        """Return when `is_writable` is true."""
        await self.writable.wait()

    def write(self, text: bytes) -> None:
        """Send a text (UTF-8) as one frame; it is dropped if the socket is closing."""
        if self.close_sent or self.transport.is_closing():
            return
        if self.conn.extensions:
            self.conn.send_text(text)
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            # Without compression a frame is this simple, and the library would cost more.
            self.transport.write(_frame_header(len(text)) + text)

    def close(self, code: int) -> None:
        """Send a close frame after all that was written (RFC 6455, 7.1.2), and wait for the end."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._start_close_timer()
        # The client's own close frame has to be read.
        self.resume_reading()

    def pause_reading(self) -> None:
        """Stop reading, so that TCP makes the client wait."""
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again after `pause_reading`."""
        if self.read_paused:
            self.read_paused = False
            self._read_on()

    def data_received(self, data: bytes) -> None:
        """Handle data, or keep it until it has its turn, which is after the answer to the upgrade.

        Before that nobody knows whose input it is, and a message may unpack to a thousand times it.
        """
        self._unhandled += data
        if self.handshake_initiated and not self.handshake_complete:
            self.transport.pause_reading()
        elif self._next_piece is None:
            self._handle_piece()

    def _handle_piece(self) -> None:
        self._next_piece = None
        if self._unhandled and not (self.read_paused or self.transport.is_closing()):
            # The head was read whole, and whether it is an upgrade has to be known at once.
            size = _PIECE if self.handshake_initiated else len(self._unhandled)
            piece = bytes(self._unhandled[:size])
            del self._unhandled[:size]
            began, self._is_handling = self._processor_time(), True
            try:
                super().data_received(piece)
            finally:
                self._is_handling = False
                self._share.spend(self._processor_time() - began, self.loop.time())
        self._read_on()

    def _read_on(self) -> None:
        """Plan the next piece; without one let the transport read."""
        is_waiting = self._is_handling or self._next_piece is not None
        if is_waiting or self.read_paused or self.transport.is_closing():
            return
        delay = self._share.delay(self.loop.time())
        if delay or self._unhandled:
            self.transport.pause_reading()
            self._next_piece = self.loop.call_later(delay, self._handle_piece)
        else:
            self.transport.resume_reading()

    def _cancel_next_piece(self) -> None:
        if self._next_piece is not None:
            self._next_piece.cancel()
            self._next_piece = None

    async def run_asgi(self) -> None:
        """Serve a path of Bayeux below ASGI, and any other path by the ASGI application."""
        if not self._bayeux.serves(self.scope["path"]):
            await super().run_asgi()
            return
        try:
            await self._bayeux.admit_socket(self, cast("Scope", self.scope))
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("a socket could not be served")
            self.send_500_response()
        if self._user is None:
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Perform a message of the ASGI application."""
        await super().send(message)
        if self.close_sent:
            # uvicorn would log a refused upgrade as an application that did not finish.
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Pass a complete message to its user, or to the ASGI application."""
        if self._user is None:
            super().send_receive_event_to_app()
            return
        content = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self._user.binary_received()
        elif _is_unicode(content):
            self._user.text_received(content)
        else:
            self.close(NOT_UNICODE)

    def handle_cont(self, event: Frame) -> None:
        """Keep up to `MAX_FRAGMENTS`: the library limits octets, and fragments may be empty."""
        if self.close_sent:
            return
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self.frames = []
            # `close` would go on reading, and the message may never end.
            self.conn.fail(TOO_BIG)
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        """Answer a ping; while the client reads nothing, only the last one (RFC 6455, 5.5.3)."""
        if self.is_writable:
            super().handle_ping()
            return
        for frame in self.conn.data_to_send():
            if frame.startswith(_PONG):
                self._delayed_pong = frame
            else:
                self.transport.write(frame)

    def handle_close(self, event: Frame) -> None:
        """Handle the client's close frame: its request to close, or its answer to ours."""
        super().handle_close(event)
        self._disconnect_user()
        self._start_close_timer()

    def handle_parser_exception(self) -> None:
        """End the socket after data that violates RFC 6455."""
        super().handle_parser_exception()
        self._start_close_timer()

    def keepalive_timeout(self) -> None:
        """Abort: a client that answers no ping would not read a close frame either."""
        super().keepalive_timeout()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the user that the connection is lost."""
        if self._open_connections is not None:
            self._open_connections.remove(self)
        self._cancel_next_piece()
        super().connection_lost(exc)
        self._disconnect_user()

    def pause_writing(self) -> None:
        """Note that the write buffer is full."""
        super().pause_writing()
        self.is_writable = False

    def resume_writing(self) -> None:
        """Note that the write buffer has drained; send a delayed pong and let the user write."""
        super().resume_writing()
        self.is_writable = True
        pong, self._delayed_pong = self._delayed_pong, b""
        if pong and not (self.close_sent or self.transport.is_closing()):
            self.transport.write(pong)
        if self._user is not None:
            self._user.writing_resumed()

    def _start_close_timer(self) -> None:
        """Abort after `close_timeout`: a client that reads nothing never closes its end."""
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def _disconnect_user(self) -> None:
        user, self._user = self._user, None
        if user is not None:
            user.disconnected()


def _frame_header(size: int) -> bytes:
    """Return the header of a frame with a whole, unmasked text (RFC 6455, 5.2)."""
    if size < _LENGTH_IN_TWO_BYTES:
        return bytes((_FINAL_TEXT, size))
    if size < 2**16:
        return _TWO_BYTES.pack(_FINAL_TEXT, _LENGTH_IN_TWO_BYTES, size)
    return _EIGHT_BYTES.pack(_FINAL_TEXT, _LENGTH_IN_EIGHT_BYTES, size)


def _is_unicode(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
