"""`Idempotency-Key`: a POST or DELETE that comes again is answered again, and done once."""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message

from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.commands.command_ids import restore_command_ids
from services.gateway.errors import CODES, RequestError, Situation
from services.gateway.http.answers import failure
from services.gateway.http.asgi import AbortedError, Receive, TooLargeError, read_body
from services.gateway.rest.idempotency_store import IdempotencyStore, StoredAnswer
from shared.bayeux.transports.web import Scope, Send, header
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable

log = structlog.get_logger()

Explain = Callable[[Exception, Scope], RequestError]

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_METHODS: Final = frozenset({"POST", "DELETE"})
_SERVER_ERROR: Final = 500
_RETRY_AFTER: Final = timedelta(seconds=1)


class IdempotencyMiddleware:
    """Stands before the REST resources."""

    def __init__(
        self,
        application: ASGIApp,
        answers: IdempotencyStore,
        authenticator: RequestAuthenticator,
        clock: Clock,
        *,
        max_body: int,
        always_200: bool,
    ) -> None:
        self._application = application
        self._answers = answers
        self._authenticator = authenticator
        self._clock = clock
        self._max_body = max_body
        self._always_200 = always_200

    async def serve(self, scope: Scope, receive: Receive, send: Send, explain: Explain) -> None:
        """Answer a request; one with a key at most once anew.

        Raises:
            RequestError: The key is not well-formed, belongs to another request, or to one that
                is still being worked on.
        """
        given = header(scope, b"idempotency-key")
        if given is None or scope["method"] not in _METHODS:
            await self._application(scope, receive, send)
            return
        key = await self._key(given, scope)
        fingerprint, receive = await self._fingerprint(scope, receive)
        claim = await self._answers.claim(key, fingerprint, self._clock.now())
        if claim.fingerprint != fingerprint:
            raise RequestError(Situation.KEY_REUSED, "this Idempotency-Key was another request's")
        if claim.answered is not None:
            await _replay(claim.answered, scope, receive, send)
        elif claim.command_ids is not None:
            restore_command_ids(scope, claim.command_ids)
            await self._do(key, scope, receive, send, explain)
        else:
            seconds = str(int(_RETRY_AFTER.total_seconds()))
            raise RequestError(
                Situation.IN_PROGRESS,
                "the first request with this Idempotency-Key is still being worked on",
                headers={"Retry-After": seconds},
            )

    async def _do(
        self, key: str, scope: Scope, receive: Receive, send: Send, explain: Explain
    ) -> None:
        try:
            answer, is_final = await self._answered(scope, receive, explain)
        except BaseException:
            await self._note(key, None)
            raise
        await self._note(key, answer if is_final else None)
        await _sent(answer)(scope, receive, send)

    async def _note(self, key: str, answer: StoredAnswer | None) -> None:
        """Remember what was answered before it is sent; without database the lease runs out."""
        with suppress(Unavailable):
            if answer is None:
                await self._answers.release(key, self._clock.now())
            else:
                await self._answers.keep(key, answer)

    async def _answered(
        self, scope: Scope, receive: Receive, explain: Explain
    ) -> tuple[StoredAnswer, bool]:
        """Return what is answered, and whether it would be the same the next time."""
        kept = _Kept()
        try:
            await self._application(scope, receive, kept)
        except AbortedError:
            raise
        except Exception as error:  # noqa: BLE001 - a failure is an answer too
            fault = explain(error, scope)
            is_final = CODES[fault.situation].is_final
            await failure(fault, always_200=self._always_200)(scope, receive, kept)
            return kept.answer, is_final
        return kept.answer, kept.answer.status < _SERVER_ERROR

    async def _key(self, given: str, scope: Scope) -> str:
        if not _KEY.fullmatch(given):
            message = "Idempotency-Key has to be 1 to 255 printable characters"
            raise RequestError(Situation.VALUE_REFUSED, message)
        user_id = (await self._authenticator.authenticate(scope)).user_id
        whole = "\0".join((user_id, given, scope["method"], scope["path"]))
        return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()

    async def _fingerprint(self, scope: Scope, receive: Receive) -> tuple[str, Receive]:
        """Return what tells one request from another, and where its body can be read.

        An upload is not read twice: its length stands for it, as its boundary changes anyway.
        """
        kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if kind.startswith("multipart/"):
            return f"{kind} {header(scope, b'content-length')}", receive
        try:
            body = await read_body(receive, at_most=self._max_body)
        except TooLargeError as error:
            message = f"the body is larger than {self._max_body} bytes"
            raise RequestError(
                Situation.TOO_LARGE, message, headers={"Connection": "close"}
            ) from error
        return hashlib.sha256(body).hexdigest(), _again(body, receive)


class _Kept:
    """A `send` that keeps the answer."""

    def __init__(self) -> None:
        self.answer = StoredAnswer(_SERVER_ERROR, (), b"")

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            self.answer = StoredAnswer(message["status"], headers, b"")
        else:
            body = self.answer.body + message.get("body", b"")
            self.answer = StoredAnswer(self.answer.status, self.answer.headers, body)


def _again(body: bytes, receive: Receive) -> Receive:
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving


def _sent(answer: StoredAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers += list(answer.headers)
    return response


async def _replay(answer: StoredAnswer, scope: Scope, receive: Receive, send: Send) -> None:
    response = _sent(answer)
    response.headers["Idempotent-Replayed"] = "true"
    await response(scope, receive, send)
