"""uvicorn's HTTP protocol, with a way below ASGI for the paths of Bayeux.

- An answer takes no events along if its client has disconnected.
- A poll that its client has given up does not take the place of another poll.
- A client that does not finish its request, or does not read to the end, is disconnected.
- Idle connections are kept for 75 seconds, longer than balancers keep them: if the server closed
  first, a request could be lost on its way.
- The connection ends with the answer to the first of pipelined requests (RFC 9112, 9.3.2).
- An offer of another protocol (`Upgrade: h2c`) is ignored.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

import structlog

from shared.bayeux.transports.web import Scope
from shared.http.answer import Answer
from shared.http.connection_state import CLOSING, NOTHING, OPEN, ConnectionState
from shared.http.http_protocol import StrictHttpProtocol
from shared.http.request_head import END_OF_HEAD, RequestHead
from shared.peers.open_connections import OpenConnections

log = structlog.get_logger(__name__)

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A complete request.

    Attributes:
        head: The octets before the body, if head and body came in one piece; otherwise empty.
    """

    connection: "HttpConnection"
    scope: Scope
    head: bytes
    body: bytes


class PollServer(Protocol):
    """The server of some paths, as a connection needs it; see `BayeuxServer`."""

    is_stopping: bool
    """Whether each connection ends after its next answer."""

    @property
    def max_body_bytes(self) -> int:
        """The largest body of a request, in bytes."""
        ...

    def too_large(self, scope: Scope) -> Answer:
        """Return the answer to a request whose body is larger than that."""
        ...

    def serves(self, path: str) -> bool:
        """Tell whether a path belongs to this server."""
        ...

    async def refusal(self, scope: Scope) -> Answer | None:
        """Return the refusal that a request gets whatever its body is; None if there is none."""
        ...

    async def serve(self, request: Request) -> None:
        """Call `answer` of the request's connection now, or `hold` and `answer` later."""
        ...

    def serve_again(self, connection: "HttpConnection", head: bytes, body: bytes) -> bool:
        """Serve a request whose head is known; otherwise do nothing and return False."""
        ...


class HttpConnection(StrictHttpProtocol):
    """Passes complete requests for the paths of Bayeux to a `PollServer`, all others to ASGI.

    The server calls `answer` once for each request. A held request needs no task while it waits; a
    request with a known head needs no task at all.

    Pipelining is not supported for Bayeux: a request that comes before the answer to the previous
    one is dropped if either is for Bayeux, and the connection ends after that answer. The client
    may repeat the request (RFC 9112, 9.3.2).
    """

    def __init__(
        self, *, bayeux: PollServer, connections: OpenConnections | None = None, **uvicorns: Any
    ) -> None:
        super().__init__(connections=connections, **uvicorns)
        self._bayeux = bayeux
        self._single_chunk = b""
        self._body: bytearray | None = None
        self._awaits_answer = False
        self._is_throttled = False
        self._on_abort: Callable[[], object] | None = None

    @property
    def awaits_answer(self) -> bool:
        """Tell whether a client is connected and waits for the answer."""
        return self._awaits_answer

    def hold(self, on_abort: Callable[[], object]) -> None:
        """Answer later; `on_abort` is called if the client disconnects before its answer."""
        if self._awaits_answer:
            self._on_abort = on_abort
        else:
            on_abort()

    def answer(self, answer: Answer) -> None:
        """Answer the request; does nothing if it was answered or its client has disconnected."""
        if not self._awaits_answer:
            return
        self._awaits_answer, self._on_abort = False, None
        if self._bayeux.is_stopping:
            self._advance(ConnectionState.LAST_RESPONSE)
        self.transport.write(self._serialized(answer))
        self._idle_timer.restart()
        if self._course is not OPEN:
            self._close_lingering()
        elif self.flow.write_paused:
            self._is_throttled = True
            self.flow.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Serve a request with a known head without parsing, or parse the data."""
        is_idle = self._reading is NOTHING and self._is_response_complete()
        if self._course is CLOSING or not is_idle:
            self._single_chunk = b""
        else:
            self._unset_keepalive_if_required()
            if self._serve_known_head(data):
                return
            self._single_chunk = data
        super().data_received(data)

    def on_body(self, body: bytes) -> None:
        """Collect the body of a request for Bayeux, up to the server's `max_body_bytes`.

        As for all requests, tiny chunks are refused beyond `MAX_SMALL_PIECES`.
        """
        if self._body is None:
            super().on_body(body)
            return
        self._head_bytes, self._has_body_come = 0, True
        if not self._accepts_piece(body):
            return
        self._body += body
        if len(self._body) > self._bayeux.max_body_bytes:
            self._refuse_body()

    def connection_lost(self, exc: Exception | None) -> None:
        """Call `on_abort` of a held request."""
        super().connection_lost(exc)
        self._body, self._awaits_answer = None, False
        on_abort, self._on_abort = self._on_abort, None
        if on_abort is not None:
            on_abort()

    def resume_writing(self) -> None:
        """Read again: the client has read its answers."""
        super().resume_writing()
        if self._is_throttled:
            self._is_throttled = False
            self.flow.resume_reading()

    def makes_client_wait(self) -> bool:
        """Tell whether the client is right to send nothing: not while it leaves answers unread."""
        return not self._is_throttled and super().makes_client_wait()

    def shutdown(self) -> None:
        """End the connection, after the answer if one is outstanding."""
        if self._awaits_answer:
            self._advance(ConnectionState.LAST_RESPONSE)
        else:
            super().shutdown()

    def _begin_request(self, head: RequestHead) -> None:
        """Begin a request for Bayeux or for ASGI, depending on its path."""
        path = _path_of(head.target)
        is_ours = self._bayeux.serves(path)
        if self._awaits_answer or (is_ours and not self._is_response_complete()):
            self._end_after_response()
        elif is_ours:
            self._begin_bayeux_request(head, path)
        else:
            self._idle_timer.restart()
            super()._begin_request(head)

    def _finish_request(self) -> None:
        """Pass a complete request to its server."""
        if self._body is None:
            super()._finish_request()
            return
        body = bytes(self._body)
        self._body = None
        self._idle_timer.pause()
        self._start_task(
            self._serve(Request(self, self._scope(), self._octets_of_head(body), body))
        )

    def _is_response_complete(self) -> bool:
        # `super` would be slower, and this runs at every poll.
        cycle: Any = self.cycle
        return not self._awaits_answer and (cycle is None or cycle.response_complete)

    def _is_body_awaited(self) -> bool:
        return self._body is None and super()._is_body_awaited()

    def _refuse(self, refusal: Answer) -> None:
        self._body, self._awaits_answer, self._on_abort = None, False, None
        super()._refuse(refusal)

    def _refuse_unread(self, refusal: Answer) -> None:
        if self._body is None:
            super()._refuse_unread(refusal)
        else:
            self._refuse(refusal)

    def _refuse_body(self) -> None:
        self._refuse(self._bayeux.too_large(self._scope()))

    def _begin_bayeux_request(self, head: RequestHead, path: str) -> None:
        self._body, self._awaits_answer = bytearray(), True
        is_old = self.parser.get_http_version() == "1.0"
        if is_old or not self.parser.should_keep_alive():
            self._advance(ConnectionState.LAST_RESPONSE)
        scope = self._scope()
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = path
        scope["query_string"] = head.target.partition(b"?")[2]
        if (head.body_size or 0) > self._bayeux.max_body_bytes:
            self._refuse_body()
        elif head.expects_continue:
            self._start_task(self._send_continue_or_refuse(scope))

    async def _send_continue_or_refuse(self, scope: Scope) -> None:
        """Send `100 Continue`, or refuse if the body makes no difference (RFC 9110, 10.1.1)."""
        try:
            refusal = await self._bayeux.refusal(scope)
        except Exception:
            log.exception("a request could not be answered", path=scope["path"])
            refusal = Answer(500)
        if self._body is None or self._scope() is not scope:
            # The body arrived meanwhile, or the client has disconnected.
            return
        if refusal is not None:
            self._refuse(refusal)
        elif not self._body:
            self.transport.write(_CONTINUE)

    def _serve_known_head(self, data: bytes) -> bool:
        """Serve a request whose head is known; False if the data has to be parsed."""
        end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
        if end < len(END_OF_HEAD):
            return False
        self._awaits_answer = True
        self._idle_timer.pause()
        try:
            is_served = self._bayeux.serve_again(self, data[:end], data[end:])
        except Exception:
            log.exception("a request could not be answered")
            self.answer(Answer(500))
            return True
        if not is_served:
            self._awaits_answer = False
        return is_served

    def _octets_of_head(self, body: bytes) -> bytes:
        """Return the head's octets if the request came in one piece; otherwise empty.

        A last request yields nothing either: known heads are not parsed, so the next one's
        `Connection: close` would be missed.
        """
        piece, self._single_chunk = self._single_chunk, b""
        end = piece.find(END_OF_HEAD) + len(END_OF_HEAD)
        return piece[:end] if piece[end:] == body and self._course is OPEN else b""

    async def _serve(self, request: Request) -> None:
        try:
            await self._bayeux.serve(request)
        except Exception:
            log.exception("a request could not be answered", path=request.scope["path"])
            self.answer(Answer(500))
        if self._on_abort is None:
            # The server neither answered nor held the request. No effect if it was answered.
            self.answer(Answer(500))

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _scope(self) -> Scope:
        return cast("Scope", self.scope)


def _path_of(target: bytes) -> str:
    """Return the decoded path of a request target, as in an ASGI scope."""
    path = target.partition(b"?")[0].decode("ascii")
    return unquote(path) if "%" in path else path
