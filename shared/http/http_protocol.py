"""uvicorn's HTTP/1.1 protocol with strict heads, limits on size, and a timeout for each request."""

from typing import Any, Final, cast

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.http.answer import Answer
from shared.http.answer_octets import answer_octets
from shared.http.connection_state import (
    CLOSING,
    NOTHING,
    OPEN,
    ConnectionState,
    Reading,
)
from shared.http.idle_timer import IdleTimer
from shared.http.lingering_close import LINGERS, LingeringTransport, RefusedClient
from shared.http.request_head import (
    END_OF_HEAD,
    FIELDS_TOO_LARGE,
    MALFORMED,
    MAX_TARGET_SIZE,
    MAX_UNFINISHED_SIZE,
    OTHER_VERSION,
    TARGET_TOO_LONG,
    TINY_CHUNKS,
    TOO_LATE,
    HeadRefusedError,
    RequestHead,
    octets_after_last_head,
    read_head,
)
from shared.peers.open_connections import OpenConnections, RefusedConnection

log = structlog.get_logger(__name__)

MAX_PIPELINED: Final = 16
"""Requests that may wait behind the one that is being answered."""

MAX_SMALL_PIECES: Final = 4_096
"""Pieces of a body beyond one for each 64 octets. Each costs as much as kilobytes in one piece."""

# Smaller chunks cost more for their frames than for what is in them.
_OCTETS_OF_A_PIECE: Final = 64

_REFUSALS: Final = {
    RefusedConnection.TOO_OFTEN: Answer(429, headers=((b"retry-after", b"1"),)),
    RefusedConnection.FULL: Answer(503, headers=((b"retry-after", b"1"),)),
}

_OTHER_VERSIONS: Final = frozenset({"Invalid HTTP version", "Pause on PRI/Upgrade"})
"""The parser's errors for HTTP/1.2 and above, and for the preface of HTTP/2."""


class StrictHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol that refuses ambiguous heads (request smuggling) and slow clients.

    - A head is checked when it is complete, so that its division into packets changes nothing.
    - Upgrades to other protocols than websocket are ignored.
    - A connection ends after uvicorn's `timeout_keep_alive` if it is idle, if a head does not
      become complete or nothing more of a body arrives (408), or if its last answer is not read.
    - A body in tiny chunks, one for less than 64 octets on average, may have `MAX_SMALL_PIECES`.
    - With `connections` a new one is admitted or refused by its limits (429, 503), and one whose
      client is awaited may have to end for it.
    - Beyond `MAX_PIPELINED` waiting requests no more are read; the connection ends after the last
      accepted one is answered, and the client may repeat the others.
    """

    def __init__(self, *, connections: OpenConnections | None = None, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._open_connections = connections
        self._head_bytes = 0
        self._reading = NOTHING
        self._has_body_come = False
        self._small_pieces = 0.0
        self._course = OPEN
        self._is_continue_pending = False
        self._upgrading: RequestHead | None = None
        self._idle_timer = IdleTimer(self)

    @property
    def waiting_since(self) -> float | None:
        """Loop time since which the client has been awaited; None while it awaits an answer."""
        return None if self.makes_client_wait() else self._idle_timer.since

    def makes_client_wait(self) -> bool:
        """Tell whether the client is right to send nothing: we do not read, or answer it now."""
        if self.flow.read_paused:
            return True
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        return bool(cycle.waiting_for_100_continue or cycle.response_started)

    def end_late(self) -> None:
        """End the connection, because its client was awaited for too long."""
        if self._is_request_unfinished():
            self._refuse_unread(TOO_LATE)
        else:
            # `close` would wait until the client has read everything, perhaps for ever.
            self.transport.abort()

    def give_way(self) -> None:
        """End the connection for a new one."""
        self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Start the idle timer, or refuse the connection."""
        if self._open_connections is not None:
            peer = transport.get_extra_info("peername")
            refusal = self._open_connections.admit(self, str(peer[0]) if peer else "")
            if refusal is not None:
                self._refuse_connection(transport, _REFUSALS[refusal])
                return
        super().connection_made(transport)
        self._idle_timer.restart()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the idle timer."""
        if self._open_connections is not None:
            self._open_connections.remove(self)
        super().connection_lost(exc)
        self._idle_timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse data; refuse headers or trailers that exceed `MAX_UNFINISHED_SIZE`."""
        if self._course >= ConnectionState.INPUT_IGNORED:
            return
        self._unset_keepalive_if_required()
        if self._is_body_awaited():
            self._idle_timer.restart()
        self._has_body_come = False
        self._parse(data)
        if self._reading is not NOTHING and not self._has_body_come:
            self._head_bytes += octets_after_last_head(data)
            if self._head_bytes > MAX_UNFINISHED_SIZE:
                self._refuse_unread(self._too_large())

    def on_message_begin(self) -> None:
        """Reset the state of the request that begins."""
        super().on_message_begin()
        self._head_bytes, self._reading = 0, Reading.HEAD
        self._small_pieces = 0.0
        if self._is_response_complete():
            self._idle_timer.restart()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; fields after the body are trailers and are dropped (RFC 9110, 6.5.1)."""
        if self._reading is Reading.HEAD:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Check the head, and begin its request or refuse it."""
        self._head_bytes = 0
        if self._course is OPEN:
            self._check_head()
        self._reading = Reading.BODY

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._head_bytes, self._has_body_come = 0, True
        if self._course is OPEN and self._accepts_piece(body):
            self._restore_keep_alive()
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Finish reading the request."""
        if self.parser.should_upgrade():
            # Not finished: the parser stops after the head, and the body is parsed again.
            return
        self._reading = NOTHING
        if self._course is CLOSING:
            self.transport.close()
        else:
            self._finish_request()

    def on_response_complete(self) -> None:
        """Start the idle timer for the next request, or for the rest of this one."""
        if self._course is CLOSING:
            return
        super().on_response_complete()
        if self._is_response_complete() or self._reading is not NOTHING:
            self._idle_timer.restart()

    def _accepts_piece(self, body: bytes) -> bool:
        """Count a piece of a body; refuse the request and return False if it has too many."""
        self._small_pieces += 1.0 - len(body) / _OCTETS_OF_A_PIECE
        if self._small_pieces <= MAX_SMALL_PIECES:
            return True
        self._refuse_unread(TINY_CHUNKS)
        return False

    def _begin_request(self, head: RequestHead) -> None:
        """Begin a request for the ASGI application, or queue it behind the present one."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._end_after_response()
            return
        self.expect_100_continue = head.expects_continue
        super().on_headers_complete()
        cycle: Any = self.cycle
        if head.body_size != 0:
            cycle.transport = LingeringTransport(self.transport, self._close_lingering)
        if head.expects_continue and cycle.keep_alive:
            # Without `100 Continue` the next octets may be the body or another request.
            cycle.keep_alive, self._is_continue_pending = False, True

    def _finish_request(self) -> None:
        """Stop the idle timer: the application may take its time with a complete request."""
        if self._course is not OPEN:
            return
        if not self._is_response_complete():
            self._idle_timer.pause()
        self._restore_keep_alive()
        super().on_message_complete()

    def _restore_keep_alive(self) -> None:
        if self._is_continue_pending:
            self._is_continue_pending = False
            self.cycle.keep_alive = not self.cycle.response_started
            self.cycle.waiting_for_100_continue = False

    def _check_head(self) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        is_upgrade = self.parser.should_upgrade()
        try:
            head = read_head(method, version, self.url, self.headers, is_upgrade=is_upgrade)
        except HeadRefusedError as refused:
            self._refuse_unread(refused.answer)
            return
        if self.url != head.target:
            self._correct_host(head)
        if not is_upgrade:
            self._begin_request(head)
        elif self._is_response_complete():
            self._upgrading = head
        else:
            self._end_after_response()

    def _correct_host(self, head: RequestHead) -> None:
        """Replace Host by the host of an absolute request target (RFC 9112, 3.2.2)."""
        self.url = head.target
        others = [pair for pair in self.headers if pair[0] != b"host"]
        # Changed in place, because the ASGI scope holds the same list.
        self.headers[:] = [(b"host", head.host or b""), *others]

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            head, self._upgrading = self._upgrading, None
            if head is not None:
                self._continue_after_upgrade(head, data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            log.exception("a request could not be read")
            self._refuse_unread(Answer(500))
        except httptools.HttpParserError as error:
            is_other = str(error) in _OTHER_VERSIONS
            self._refuse_unread(OTHER_VERSION if is_other else MALFORMED)

    def _continue_after_upgrade(self, head: RequestHead, rest: bytes) -> None:
        """Switch to a websocket, or go on in HTTP/1.1 as if no upgrade had been offered.

        After an upgrade the parser treats everything as the other protocol's (RFC 9110, 7.8) and
        forgets the length of the body. A new parser therefore gets the head again, without Upgrade.
        """
        method = self.parser.get_method()
        if head.is_websocket and self.ws_protocol_class is not None:
            self.scope["method"] = method.decode("ascii")
            self._switch_to_websocket(rest)
            return
        lines = [method, b" ", self.url, b" HTTP/", self.parser.get_http_version().encode()]
        for name, value in self.headers:
            if name != b"upgrade":
                lines += (b"\r\n", name, b": ", value)
        self.parser = httptools.HttpRequestParser(self)
        # As uvicorn sets it: data after a last request must not make that request fail.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(b"".join((*lines, END_OF_HEAD, rest)))

    def _switch_to_websocket(self, rest: bytes) -> None:
        self._idle_timer.cancel()
        self.handle_websocket_upgrade()
        socket = cast("Any", self.transport.get_protocol())
        if self._open_connections is not None:
            self._open_connections.replace(self, socket)
        if not socket.handshake_initiated:
            # The library refused the upgrade, and uvicorn sends no answer in this case.
            self._advance(ConnectionState.LAST_RESPONSE)
            self.transport.write(self._serialized(MALFORMED))
            self.transport.close()
        elif rest and not self.transport.is_closing():
            socket.data_received(rest)

    def _is_response_complete(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _is_body_awaited(self) -> bool:
        """Tell whether the rest of a body is outstanding that the application waits for."""
        return self._reading is Reading.BODY and not self._is_response_complete()

    def _is_request_unfinished(self) -> bool:
        """Tell whether the rest of a request is outstanding to which no answer has begun."""
        if self._reading is Reading.BODY and self._is_response_complete():
            return False
        return self._reading is not NOTHING and self._course is OPEN and not self.pipeline

    def _refuse_connection(self, transport: Any, refusal: Answer) -> None:
        # As cheap as possible, because a flood is refused here: nothing is read.
        self._advance(ConnectionState.LAST_RESPONSE)
        transport.set_protocol(RefusedClient())
        transport.write(self._serialized(refusal))
        transport.close()

    def _refuse(self, refusal: Answer) -> None:
        """Send a refusal at once, and end the connection."""
        self._advance(ConnectionState.LAST_RESPONSE)
        self.transport.write(self._serialized(refusal))
        self._close_lingering()

    def _refuse_unread(self, refusal: Answer) -> None:
        """Refuse a request that cannot be read to its end, after the answers to earlier ones."""
        if self._course is not OPEN:
            # The last answer is already determined; there can be no other.
            return
        if self._reading is Reading.HEAD and not self._is_response_complete():
            self._end_after_response()
        elif self._reading is Reading.HEAD or not (self.pipeline or self.cycle.response_started):
            self._refuse(refusal)
        else:
            # An answer has been started, so a refusal would be taken for a part of it.
            self.transport.close()

    def _too_large(self) -> Answer:
        if self._reading is not Reading.HEAD:
            return MALFORMED
        return TARGET_TOO_LONG if len(self.url) > MAX_TARGET_SIZE else FIELDS_TOO_LARGE

    def _end_after_response(self) -> None:
        """Parse no more input, and end the connection after the present answer.

        The input is not even skipped, because the parser buffers requests that it cannot pass on.
        """
        self._advance(ConnectionState.INPUT_IGNORED)
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
            if cycle.transport is self.transport:
                cycle.transport = LingeringTransport(self.transport, self._close_lingering)

    def _close_lingering(self) -> None:
        """End the connection so that a client that still sends can read its answer."""
        if self._course is CLOSING:
            return
        is_sending = self._reading is not NOTHING or self._course is ConnectionState.INPUT_IGNORED
        self._advance(ConnectionState.CLOSING)
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if not is_sending or self.transport.is_closing():
            self._idle_timer.restart()
            self.transport.close()
            return
        # To close with unread input would reset the connection, and the answer would be lost.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._idle_timer.abort_in(LINGERS)

    def _serialized(self, answer: Answer) -> bytes:
        headers = self.server_state.default_headers
        return answer_octets(answer, headers, is_last=self._course is not OPEN)

    def _advance(self, course: ConnectionState) -> None:
        self._course = max(self._course, course)
