"""A websocket by uvicorn, and below ASGI the conversation with a client of Bayeux."""

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, Protocol, cast

import structlog
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from shared.bayeux.transports.web import Answer, Header, Scope, Send, refuse_upgrade

log = structlog.get_logger(__name__)

NOT_UNICODE: Final = 1007
TOO_BIG: Final = 1009
MAX_FRAGMENTS: Final = 1_024
"""Of one message; no client that is well sends many."""

_FINAL_TEXT: Final = 0x81
_PONG: Final = b"\x8a"
_LENGTH_IN_TWO_BYTES, _LENGTH_IN_EIGHT_BYTES = 126, 127
_TWO_BYTES, _EIGHT_BYTES = Struct("!BBH"), Struct("!BBQ")


class SocketUser(Protocol):
    """Whoever took a socket over. Nothing here may block or raise."""

    def text_received(self, text: bytes) -> None:
        """A text came (UTF-8)."""
        ...

    def binary_received(self) -> None:
        """A message came that is no text."""
        ...

    def writing_resumed(self) -> None:
        """The client reads again."""
        ...

    def disconnected(self) -> None:
        """Nothing comes any more. Called once."""
        ...


class SocketServer(Protocol):
    """Whoever talks to the clients at some paths."""

    def serves(self, path: str) -> bool:
        """Tell whether a path is its."""
        ...

    async def admit_socket(self, connection: "SocketConnection", scope: Scope) -> None:
        """Accept a socket for somebody, or refuse it."""
        ...


class SocketConnection(WebSocketsSansIOProtocol):
    """uvicorn's protocol: handshake, masks, fragments, pings and closing are the library's.

    A socket for a path of Bayeux needs a task only until it is accepted. From then on its user is
    handed what comes, and what the user writes leaves as one frame for each text.

    Attributes:
        is_writable: Whether the client reads what it is sent.
    """

    def __init__(self, *, bayeux: SocketServer, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._bayeux = bayeux
        self._user: SocketUser | None = None
        self._delayed_pong = b""
        self.is_writable = True

    async def accept(self, user: SocketUser, headers: Sequence[Header] = ()) -> None:
        """Let the client in, and hand the socket to somebody, with what has come already.

        Clients that offer subprotocols insist on one (RFC 6455, 4.1). Only Bayeux is spoken here,
        whatever they call it: the first is chosen.
        """
        subprotocol = next(iter(self.scope["subprotocols"]), None)
        await self.send(
            {"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers}
        )
        self._user = user
        self.resume_reading()
        while not self.queue.empty():
            match self.queue.get_nowait():
                case {"type": "websocket.receive", "text": str(text)}:
                    user.text_received(text.encode())
                case {"type": "websocket.receive"}:
                    user.binary_received()
                case {"type": "websocket.disconnect"}:
                    self._disconnect_user()

    async def refuse(self, answer: Answer) -> None:
        """Answer the upgrade with an HTTP response."""
        scope, send = cast("Scope", self.scope), cast("Send", self.send)
        await refuse_upgrade(scope, send, answer)

    async def drain(self) -> None:
        """Return when the client reads what it is sent."""
        await self.writable.wait()

    def write(self, text: bytes) -> None:
        """Send a text (UTF-8); it goes nowhere where the socket is closing."""
        if self.close_sent or self.transport.is_closing():
            return
        if self.conn.extensions:
            self.conn.send_text(text)
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            self.transport.write(_frame_header(len(text)) + text)

    def close(self, code: int) -> None:
        """Begin the closing handshake; what was written goes out before (RFC 6455, 7.1.2)."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._start_close_timer()
        # The client's answer has to be read.
        self.resume_reading()

    def pause_reading(self) -> None:
        """Let the client wait with what it sends."""
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    async def run_asgi(self) -> None:
        """Talk to the client; what is not Bayeux is for the application."""
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
        """Say something for the application; uvicorn logs a refusal in its words as a fault."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Hand a message on."""
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
        """Keep a fragment. The library bounds their octets, which empty ones have none of."""
        if self.close_sent:
            return
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        elif self.handshake_complete:
            self.frames = []
            # Unlike `close` it reads nothing more: the rest of the message may have no end.
            self.conn.fail(TOO_BIG)
            self.handle_parser_exception()
        else:
            self.transport.abort()

    def handle_ping(self) -> None:
        """Answer; of those that come while the client reads nothing the last (RFC 6455, 5.5.3)."""
        if self.is_writable:
            super().handle_ping()
            return
        for frame in self.conn.data_to_send():
            if frame.startswith(_PONG):
                self._delayed_pong = frame
            else:
                self.transport.write(frame)

    def handle_close(self, event: Frame) -> None:
        """The client closes the socket, or agrees that it is closed."""
        super().handle_close(event)
        self._disconnect_user()
        self._start_close_timer()

    def handle_parser_exception(self) -> None:
        """What came is no websocket's."""
        super().handle_parser_exception()
        self._start_close_timer()

    def keepalive_timeout(self) -> None:
        """End with a client that does not answer: it will read nothing more either."""
        super().keepalive_timeout()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        super().connection_lost(exc)
        self._disconnect_user()

    def pause_writing(self) -> None:
        """The client does not read what was written."""
        super().pause_writing()
        self.is_writable = False

    def resume_writing(self) -> None:
        """The client has read most of what was written."""
        super().resume_writing()
        self.is_writable = True
        pong, self._delayed_pong = self._delayed_pong, b""
        if pong and not (self.close_sent or self.transport.is_closing()):
            self.transport.write(pong)
        if self._user is not None:
            self._user.writing_resumed()

    def _start_close_timer(self) -> None:
        """Wait for the client's end for a limited time: it may read nothing any more."""
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def _disconnect_user(self) -> None:
        user, self._user = self._user, None
        if user is not None:
            user.disconnected()


def _frame_header(size: int) -> bytes:
    """Return what stands before an unmasked text in a frame of its own (RFC 6455, 5.2)."""
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
