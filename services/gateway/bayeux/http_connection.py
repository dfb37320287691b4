"""HTTP/1.1 by uvicorn, and below ASGI what clients of Bayeux ask."""

import re
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.gateway.bayeux.web import Answer, Scope, header

log = structlog.get_logger(__name__)

_LARGEST_HEAD: Final = 64 * 1024
_END_OF_HEAD: Final = b"\r\n\r\n"
_GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_OTHER_PROTOCOL: Final = re.compile(
    rb"(?<=\r\n)upgrade(?=:(?![ \t]*websocket[ \t]*\r\n))", re.IGNORECASE
)
_PASSED_OVER: Final = b"ignored"

_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")
_NOT_ONE_HOST: Final = Answer(400, b"One Host is needed.", (_PLAIN,))
"""RFC 9112, 3.2."""

_OTHER_CODING: Final = Answer(501, b"The only transfer coding here is chunked.", (_PLAIN,))
"""RFC 9112, 6.1."""

_WEBSOCKET_VERSION: Final = b"13"
_OTHER_VERSION: Final = Answer(
    426,
    headers=(
        (b"connection", b"upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", _WEBSOCKET_VERSION),
    ),
)
"""RFC 6455, 4.4, and RFC 9110, 15.5.22."""


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; `head` is its octets before the body, where all came in one piece."""

    connection: "HttpConnection"
    scope: Scope
    head: bytes
    body: bytes


class PollServer(Protocol):
    """Whoever answers requests, at once or when there is something to say."""

    is_stopping: bool
    """Whether every answer is the last one of its connection."""

    @property
    def max_body_bytes(self) -> int:
        """How large a body may be."""
        ...

    def too_large(self, scope: Scope) -> Answer:
        """Return what is answered where a body is larger."""
        ...

    def serves(self, path: str) -> bool:
        """Tell whether a path is its."""
        ...

    async def serve(self, request: Request) -> None:
        """Answer a request, or keep it, by way of its connection."""
        ...

    def serve_again(self, connection: "HttpConnection", head: bytes, body: bytes) -> bool:
        """Serve a request whose head is known; False, and nothing has happened, where it is not."""
        ...


class HttpConnection(HttpToolsProtocol):
    """uvicorn's protocol with limits for heads; requests for the paths of Bayeux are its own.

    Of those one is read after the other, and whole. Each is answered once with `answer`; whoever
    keeps one has time, and needs no task meanwhile. One whose head is known begins none at all. A
    request that follows one without waiting for its answer, where either is for Bayeux, is
    not served, and the connection ends with that answer (RFC 9112, 9.3.2 lets the client repeat
    it). So is none whose octets do not all come within uvicorn's `timeout_keep_alive`; who sends
    nothing more of another body for so long, or does not read the last answer, is cut off. So is
    a connection that nobody uses.
    """

    def __init__(self, *, bayeux: PollServer, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._bayeux = bayeux
        self._head_bytes = 0
        self._is_in_head = False
        self._is_in_message = False
        self._has_body_come = False
        self._piece = b""
        self._body: bytes | None = None
        self._is_unanswered = False
        self._is_last = False
        self._is_throttled = False
        self._on_gone: Callable[[], object] | None = None
        self._waiting_since: float | None = None
        self._waiting_timer: TimerHandle | None = None

    @property
    def is_awaited(self) -> bool:
        """Tell whether a client waits for the answer."""
        return self._is_unanswered

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def keep(self, on_gone: Callable[[], object]) -> None:
        """Answer later; `on_gone` is called when the client goes away without its answer."""
        if self._is_unanswered:
            self._on_gone = on_gone
        else:
            on_gone()

    def answer(self, answer: Answer) -> None:
        """Answer the request; nobody hears it where the client has gone."""
        if not self._is_unanswered:
            return
        self._is_unanswered, self._on_gone = False, None
        self._is_last = self._is_last or self._bayeux.is_stopping
        self.transport.write(self._written(answer))
        self._wait()
        if self._is_last:
            self.transport.close()
        elif self.flow.write_paused:
            self._is_throttled = True
            self.flow.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Parse what came; end the connection when no end of headers or trailers is in sight."""
        self._unset_keepalive_if_required()
        is_idle = self._is_idle()
        if is_idle:
            if self._is_repeated(data):
                return
            self._piece, data = data, _without_other_protocols(data)
            self._wait()
        else:
            self._piece = b""
            if self._is_in_other_body():
                self._wait()
        self._has_body_come = False
        super().data_received(data)
        if self._is_in_message and not self._has_body_come:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD:
                self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes, self._is_in_head, self._is_in_message = 0, True, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what comes after the body is none (RFC 9110, 6.5.1)."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Tell whose the request is. Only its body is left, which has limits of its own."""
        self._head_bytes, self._is_in_head = 0, False
        if self._is_last:
            return
        path = _path_of(self.url)
        is_ours = self._bayeux.serves(path) and not self.parser.should_upgrade()
        refusal = self._refusal()
        if self._is_unanswered or ((is_ours or refusal) and not self._has_answered()):
            self._end_with_the_answer()
        elif refusal:
            self._refuse(refusal)
        elif is_ours:
            self._begin(path)
        else:
            self._wait()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep what came."""
        self._head_bytes, self._has_body_come = 0, True
        if self._body is not None:
            self._body += body
            if len(self._body) > self._bayeux.max_body_bytes:
                self._refuse_body()
        elif not self._is_last:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Have the request served."""
        self._is_in_message = False
        if (body := self._body) is not None:
            self._body = self._waiting_since = None
            request = Request(self, cast("Scope", self.scope), self._head_before(body), body)
            task = self.loop.create_task(self._serve(request))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif not self._is_last:
            if not self._has_answered():
                self._waiting_since = None
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Another part has answered: wait for the next request, or for what is left of this one."""
        super().on_response_complete()
        if self._has_answered() or self._is_in_message:
            self._wait()

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no HTTP, unless something was said and the connection ends."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        super().connection_lost(exc)
        if self._waiting_timer is not None:
            self._waiting_timer.cancel()
        self._is_unanswered = False
        on_gone, self._on_gone = self._on_gone, None
        if on_gone is not None:
            on_gone()

    def resume_writing(self) -> None:
        """The client reads its answers again."""
        super().resume_writing()
        if self._is_throttled:
            self._is_throttled = False
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """End when what is asked has been answered."""
        if self._is_unanswered:
            self._is_last = True
        else:
            super().shutdown()

    def handle_websocket_upgrade(self) -> None:
        """Go over to another protocol, if nothing has to be answered before that."""
        if self._is_last or not self._has_answered():
            self._end_with_the_answer()
        elif self._values(b"sec-websocket-version") != [_WEBSOCKET_VERSION]:
            self._refuse(_OTHER_VERSION)
        else:
            if self._waiting_timer is not None:
                self._waiting_timer.cancel()
            super().handle_websocket_upgrade()

    def _is_idle(self) -> bool:
        """Tell whether the next octet begins a request that no other has to be answered before."""
        return self._has_answered() and not self._is_in_message

    def _is_in_other_body(self) -> bool:
        return self._is_in_message and not (self._is_in_head or self._is_unanswered)

    def _has_answered(self) -> bool:
        cycle = cast("Any", self.cycle)
        return (cycle is None or cycle.response_complete) and not self._is_unanswered

    def _end_with_the_answer(self) -> None:
        self._is_last = True
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def _refuse(self, refusal: Answer) -> None:
        """Answer at once, whatever follows, and end the connection."""
        self._is_unanswered = self._is_last = True
        self.answer(refusal)

    def _refusal(self) -> Answer | None:
        """Return what is answered where the head leaves open what is asked, or how it ends."""
        if self.parser.get_http_version() != "1.0" and len(self._values(b"host")) != 1:
            return _NOT_ONE_HOST
        codings = b",".join(self._values(b"transfer-encoding"))
        return _OTHER_CODING if codings.lower() not in {b"", b"chunked"} else None

    def _values(self, name: bytes) -> list[bytes]:
        return [value.strip(b" \t") for found, value in self.headers if found == name]

    def _begin(self, path: str) -> None:
        self._body, self._is_unanswered = b"", True
        is_old = self.parser.get_http_version() == "1.0"
        self._is_last = is_old or not self.parser.should_keep_alive()
        scope = cast("Scope", self.scope)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = path
        scope["query_string"] = self.url.partition(b"?")[2]
        if self.expect_100_continue and not is_old:
            if int(header(scope, b"content-length") or 0) > self._bayeux.max_body_bytes:
                self._refuse_body()
            else:
                self.transport.write(_GO_ON)

    def _refuse_body(self) -> None:
        self._body = None
        self._refuse(self._bayeux.too_large(cast("Scope", self.scope)))

    def _is_repeated(self, data: bytes) -> bool:
        """Have a request served that is like one before; False where it has to be parsed."""
        end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if end < len(_END_OF_HEAD):
            return False
        self._is_unanswered, self._waiting_since = True, None
        try:
            is_served = self._bayeux.serve_again(self, data[:end], data[end:])
        except Exception:
            log.exception("a request could not be answered")
            self.answer(Answer(500))
            return True
        if not is_served:
            self._is_unanswered = False
        return is_served

    def _head_before(self, body: bytes) -> bytes:
        """Return the octets of the head, where all came in one piece and others may follow."""
        piece, self._piece = self._piece, b""
        end = piece.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        return piece[:end] if piece[end:] == body and not self._is_last else b""

    async def _serve(self, request: Request) -> None:
        try:
            await self._bayeux.serve(request)
        except Exception:
            log.exception("a request could not be answered", path=request.scope["path"])
            self.answer(Answer(500))
        if self._on_gone is None:
            # Does nothing where it has been answered.
            self.answer(Answer(500))

    def _written(self, answer: Answer) -> bytes:
        lines = [STATUS_LINE[answer.status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        for name, value in answer.headers:
            lines += (name, b": ", value, b"\r\n")
        if self._is_last:
            lines.append(b"connection: close\r\n")
        lines += (b"content-length: %d\r\n\r\n" % len(answer.body), answer.body)
        return b"".join(lines)

    def _wait(self) -> None:
        """Wait from now on for a whole request, and for the client to read what it was answered."""
        self._waiting_since = self.loop.time()
        if self._waiting_timer is None:
            self._waiting_timer = self.loop.call_later(self.timeout_keep_alive, self._look_if_due)

    def _lets_the_client_wait(self) -> bool:
        """Tell whether a client has reason to send nothing: it is not read, or is answered now."""
        if self.flow.read_paused and not self._is_throttled:
            return True
        cycle = cast("Any", self.cycle)
        if cycle is None or cycle.response_complete:
            return False
        return bool(cycle.waiting_for_100_continue or cycle.response_started)

    def _look_if_due(self) -> None:
        self._waiting_timer = None
        if self._waiting_since is None:
            return
        if self._lets_the_client_wait():
            self._wait()
            return
        left = self._waiting_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._waiting_timer = self.loop.call_later(left, self._look_if_due)
        else:
            # Closing would wait for a client that may never read.
            self.transport.abort()


def _without_other_protocols(data: bytes) -> bytes:
    """Return the beginning of a request without offers of HTTP/2 and others, which may be ignored.

    The parser would take what follows the head for that protocol (RFC 9110, 7.8).
    """
    end = data.find(_END_OF_HEAD) + 2
    head = data[:end] if end >= len(_END_OF_HEAD) else data
    if not _OTHER_PROTOCOL.search(head):
        return data
    return _OTHER_PROTOCOL.sub(_PASSED_OVER, head) + data[len(head) :]


def _path_of(url: bytes) -> str:
    """Return the path that a request line names, as ASGI has it."""
    raw = url.partition(b"?")[0] if url.startswith(b"/") else httptools.parse_url(url).path or b""
    path = raw.decode("ascii")
    return unquote(path) if "%" in path else path
