"""`Idempotency-Key`: a repeated POST or DELETE is done once, and its answer is replayed."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message

from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.commands.command_ids import set_command_ids
from services.gateway.errors import CODES, Explain, RequestError, Situation
from services.gateway.http.answers import failure
from services.gateway.http.asgi import AbortedError, Receive, TooLargeError, read_body
from services.gateway.http.idempotency_key import in_progress, key_reused, require_valid_key
from services.gateway.rest.idempotency_store import (
    UPLOAD,
    IdempotencyStore,
    StoredAnswer,
    is_same_request,
)
from services.gateway.rest.uploads.multipart import FormDigest
from shared.bayeux.transports.web import Scope, Send, header
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable

log = structlog.get_logger()

ReadForm = Callable[[Receive], AsyncIterator[bytes]]

_METHODS: Final = frozenset({"POST", "DELETE"})
_SERVER_ERROR: Final = 500


class IdempotencyMiddleware:
    """Replays answers to requests with a key, before they reach the REST resources."""

    def __init__(
        self,
        application: ASGIApp,
        answers: IdempotencyStore,
        authenticator: RequestAuthenticator,
        clock: Clock,
        *,
        max_body: int,
        read_form: ReadForm,
        always_200: bool,
    ) -> None:
        self._application = application
        self._answers = answers
        self._authenticator = authenticator
        self._clock = clock
        self._max_body = max_body
        self._read_form = read_form
        self._always_200 = always_200

    async def serve(self, scope: Scope, receive: Receive, send: Send, explain: Explain) -> None:
        """Answer a request; requests with the same key are done once.

        Raises:
            RequestError: The key is malformed (400), was used for another request (422), or its
                first request is still being worked on (409, with Retry-After).
            Unavailable: The keys cannot be read now.
        """
        given = header(scope, b"idempotency-key")
        if given is None or scope["method"] not in _METHODS:
            await self._application(scope, receive, send)
            return
        key = await self._stored_key(given, scope)
        fingerprint, receive = await self._fingerprint(scope, receive)
        claim = await self._answers.claim(key, fingerprint, self._clock.now())
        if not is_same_request(claim.fingerprint, fingerprint):
            raise key_reused("request")
        form = _form_digest(scope)
        if claim.answered is not None:
            if form:
                async for piece in self._read_form(receive):
                    form.add(piece)
                await self._require_content(key, form)
            await _replay(claim.answered, scope, receive, send)
        elif claim.command_ids is not None:
            set_command_ids(scope, claim.command_ids)
            if form:
                receive = self._noting(receive, key, form)
            await self._do(key, scope, receive, send, explain)
        else:
            raise in_progress()

    async def _do(
        self, key: str, scope: Scope, receive: Receive, send: Send, explain: Explain
    ) -> None:
        try:
            answer, is_final = await self._capture_answer(scope, receive, explain)
        # A client that disconnects cancels this task, and its key would stay claimed until the
        # lease ends.
        except BaseException:
            await self._store_outcome(key, None)
            raise
        await self._store_outcome(key, answer if is_final else None)
        await _to_response(answer)(scope, receive, send)

    async def _store_outcome(self, key: str, answer: StoredAnswer | None) -> None:
        """Store a final answer before it is sent, or release the key.

        Without the database the key is free again when its lease ends.
        """
        with suppress(Unavailable):
            if answer is None:
                await self._answers.release(key, self._clock.now())
            else:
                await self._answers.store_answer(key, answer)

    async def _capture_answer(
        self, scope: Scope, receive: Receive, explain: Explain
    ) -> tuple[StoredAnswer, bool]:
        """Return the answer, and whether it is final: a repeated request would get the same."""
        capture = _AnswerCapture()
        try:
            await self._application(scope, receive, capture)
        except AbortedError:
            raise
        except Exception as error:  # noqa: BLE001 - failures are replayed as well
            fault = explain(error, scope)
            is_final = CODES[fault.situation].is_final
            await failure(fault, always_200=self._always_200)(scope, receive, capture)
            return capture.answer, is_final
        return capture.answer, capture.answer.status < _SERVER_ERROR

    async def _stored_key(self, given: str, scope: Scope) -> str:
        require_valid_key(given)
        user_id = (await self._authenticator.authenticate(scope)).user_id
        # Keys of different agents never meet, and a key says nothing about another address.
        whole = "\0".join((user_id, given, scope["method"], scope["path"]))
        return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()

    async def _fingerprint(self, scope: Scope, receive: Receive) -> tuple[str, Receive]:
        """Return a fingerprint of a request, and a `receive` from which its body can be read.

        An upload is not read into memory. Its content is compared when it has come to its end.
        """
        kind = _media_type(scope)
        if kind.startswith(UPLOAD):
            return f"{kind} {header(scope, b'content-length')}", receive
        try:
            body = await read_body(receive, at_most=self._max_body)
        except TooLargeError as error:
            message = f"the body is larger than {self._max_body} bytes"
            raise RequestError(
                Situation.TOO_LARGE, message, headers={"Connection": "close"}
            ) from error
        return hashlib.sha256(body).hexdigest(), _receive_again(body, receive)

    def _noting(self, receive: Receive, key: str, form: FormDigest) -> Receive:
        """Return a `receive` that stores the digest of a form with its key, before the form ends.

        The files of a form are linked after its end, so no linked file lacks the digest, whenever
        the pod dies.
        """

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                form.add(message.get("body", b""))
                if not message.get("more_body", False):
                    await self._require_content(key, form)
            return message

        return receiving

    async def _require_content(self, key: str, form: FormDigest) -> None:
        if not await self._answers.note_content(key, form.hexdigest()):
            raise key_reused("request")


class _AnswerCapture:
    """An ASGI `send` that stores the answer instead of sending it."""

    def __init__(self) -> None:
        self.answer = StoredAnswer(_SERVER_ERROR, (), b"")

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            self.answer = StoredAnswer(message["status"], headers, b"")
        else:
            body = self.answer.body + message.get("body", b"")
            self.answer = StoredAnswer(self.answer.status, self.answer.headers, body)


def _media_type(scope: Scope) -> str:
    return (header(scope, b"content-type") or "").partition(";")[0].strip().lower()


def _form_digest(scope: Scope) -> FormDigest | None:
    """Return a digest to fill with the body of an upload, None for other requests."""
    is_form = _media_type(scope).startswith(UPLOAD)
    return FormDigest(header(scope, b"content-type") or "") if is_form else None


def _receive_again(body: bytes, receive: Receive) -> Receive:
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving


def _to_response(answer: StoredAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers += list(answer.headers)
    return response


async def _replay(answer: StoredAnswer, scope: Scope, receive: Receive, send: Send) -> None:
    response = _to_response(answer)
    response.headers["Idempotent-Replayed"] = "true"
    await response(scope, receive, send)
