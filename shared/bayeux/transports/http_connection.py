"""HTTP/1.1 by uvicorn, and below ASGI what clients of Bayeux ask."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

import structlog

from shared.bayeux.transports.http_protocol import END_OF_HEAD, StrictHttpProtocol
from shared.bayeux.transports.request_head import RequestHead
from shared.bayeux.transports.web import Answer, Scope

log = structlog.get_logger(__name__)

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


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

    async def refusal(self, scope: Scope) -> Answer | None:
        """Return what a request is answered whatever its body is; None where it depends on that."""
        ...

    async def serve(self, request: Request) -> None:
        """Answer a request, or keep it, by way of its connection."""
        ...

    def serve_again(self, connection: "HttpConnection", head: bytes, body: bytes) -> bool:
        """Serve a request whose head is known; False, and nothing has happened, where it is not."""
        ...


class HttpConnection(StrictHttpProtocol):
    """uvicorn's protocol, read strictly; requests for the paths of Bayeux are its own.

    Of those one is read after the other, and whole. Each is answered once with `answer`; whoever
    keeps one has time, and needs no task meanwhile. One whose head is known begins none at all. A
    request that follows one without waiting for its answer, where either is for Bayeux, is
    not served, and the connection ends with that answer (RFC 9112, 9.3.2 lets the client repeat
    it).
    """

    def __init__(self, *, bayeux: PollServer, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._bayeux = bayeux
        self._single_chunk = b""
        self._body: bytes | None = None
        self._awaits_answer = False
        self._is_throttled = False
        self._on_abort: Callable[[], object] | None = None

    @property
    def awaits_answer(self) -> bool:
        """Tell whether a client waits for the answer."""
        return self._awaits_answer

    def hold(self, on_abort: Callable[[], object]) -> None:
        """Answer later; `on_abort` is called when the client goes away without its answer."""
        if self._awaits_answer:
            self._on_abort = on_abort
        else:
            on_abort()

    def answer(self, answer: Answer) -> None:
        """Answer the request; nobody hears it where the client has gone."""
        if not self._awaits_answer:
            return
        self._awaits_answer, self._on_abort = False, None
        self._is_last_response = self._is_last_response or self._bayeux.is_stopping
        self.transport.write(self._serialized(answer))
        self._restart_idle_timer()
        if self._is_last_response:
            self._close_lingering()
        elif self.flow.write_paused:
            self._is_throttled = True
            self.flow.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Have a request served that is like one before, or parse what came."""
        if self._is_in_message or self._is_ending or not self._is_response_complete():
            self._single_chunk = b""
        else:
            self._unset_keepalive_if_required()
            if self._serve_known_head(data):
                return
            self._single_chunk = data
        super().data_received(data)

    def on_body(self, body: bytes) -> None:
        """Keep what came."""
        if self._body is None:
            super().on_body(body)
            return
        self._head_bytes, self._has_body_come = 0, True
        self._body += body
        if len(self._body) > self._bayeux.max_body_bytes:
            self._refuse_body()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        super().connection_lost(exc)
        self._body, self._awaits_answer = None, False
        on_abort, self._on_abort = self._on_abort, None
        if on_abort is not None:
            on_abort()

    def resume_writing(self) -> None:
        """The client reads its answers again."""
        super().resume_writing()
        if self._is_throttled:
            self._is_throttled = False
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """End when what is asked has been answered."""
        if self._awaits_answer:
            self._is_last_response = True
        else:
            super().shutdown()

    def _begin_request(self, head: RequestHead) -> None:
        """Tell whose the request is."""
        path = _path_of(head.target)
        is_ours = self._bayeux.serves(path)
        if self._awaits_answer or (is_ours and not self._is_response_complete()):
            self._end_after_response()
        elif is_ours:
            self._begin_bayeux_request(head, path)
        else:
            self._restart_idle_timer()
            super()._begin_request(head)

    def _finish_request(self) -> None:
        """Have the request served."""
        if (body := self._body) is None:
            super()._finish_request()
            return
        self._body = self._idle_since = None
        self._start_task(
            self._serve(Request(self, self._scope(), self._octets_of_head(body), body))
        )

    def _is_response_complete(self) -> bool:
        # Not by way of `super`, which takes longer: it is asked at each poll.
        cycle: Any = self.cycle
        return not self._awaits_answer and (cycle is None or cycle.response_complete)

    def _is_body_awaited(self) -> bool:
        return self._body is None and super()._is_body_awaited()

    def _makes_client_wait(self) -> bool:
        return not self._is_throttled and super()._makes_client_wait()

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
        self._body, self._awaits_answer = b"", True
        is_old = self.parser.get_http_version() == "1.0"
        self._is_last_response = is_old or not self.parser.should_keep_alive()
        scope = self._scope()
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = path
        scope["query_string"] = head.target.partition(b"?")[2]
        if (head.body_size or 0) > self._bayeux.max_body_bytes:
            self._refuse_body()
        elif head.expects_continue:
            self._start_task(self._send_continue_or_refuse(scope))

    async def _send_continue_or_refuse(self, scope: Scope) -> None:
        """Have the body sent, unless the answer is known without it (RFC 9110, 10.1.1)."""
        try:
            refusal = await self._bayeux.refusal(scope)
        except Exception:
            log.exception("a request could not be answered", path=scope["path"])
            refusal = Answer(500)
        if self._body is None or self._scope() is not scope:
            # All of the body came meanwhile, or its client has gone.
            return
        if refusal is not None:
            self._refuse(refusal)
        elif not self._body:
            self.transport.write(_CONTINUE)

    def _serve_known_head(self, data: bytes) -> bool:
        """Have a request served that is like one before; False where it has to be parsed."""
        end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
        if end < len(END_OF_HEAD):
            return False
        self._awaits_answer, self._idle_since = True, None
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
        """Return the octets of the head, where all came in one piece and others may follow."""
        piece, self._single_chunk = self._single_chunk, b""
        end = piece.find(END_OF_HEAD) + len(END_OF_HEAD)
        return piece[:end] if piece[end:] == body and not self._is_last_response else b""

    async def _serve(self, request: Request) -> None:
        try:
            await self._bayeux.serve(request)
        except Exception:
            log.exception("a request could not be answered", path=request.scope["path"])
            self.answer(Answer(500))
        if self._on_abort is None:
            # Does nothing where it has been answered.
            self.answer(Answer(500))

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _scope(self) -> Scope:
        return cast("Scope", self.scope)


def _path_of(target: bytes) -> str:
    """Return the path that a request line names, as ASGI has it."""
    path = target.partition(b"?")[0].decode("ascii")
    return unquote(path) if "%" in path else path
