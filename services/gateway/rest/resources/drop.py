"""Takes mail by HTTP: POST /ingest/{mailbox}.

A program proves by a bearer token that it may hand in mail for a mailbox. It is no agent: sessions,
passwords and the tokens of agents count for nothing here. A failure always has an HTTP status from
400 on, also where REST resources answer failures with 200: programs go by the status, and would
delete a mail that was not taken.
"""

import hashlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer
from services.gateway.http.asgi import Receive
from services.gateway.http.body_pace import PaceLimits
from services.gateway.http.credentials import (
    Bearer,
    MalformedCredentialsError,
    client_address,
    credentials,
)
from services.gateway.http.idempotency_key import in_progress, key_reused, require_valid_key
from services.gateway.rest.idempotency_store import IdempotencyStore, StoredAnswer
from services.gateway.rest.uploads.drop_slots import DropSlot, DropSlots, SlotLimits
from services.gateway.rest.uploads.form_files import body_of
from services.gateway.rest.uploads.multipart import read_parts
from shared.bayeux.transports.web import Scope
from shared.contracts.contact_center import ContactCenter, Token
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.domain.mail_envelope import Way
from shared.faults import crash_point
from shared.intake.mail_intake import MailIntake, MailSource, Recipient
from shared.intake.refusals import (
    MailDeferredError,
    MailLoopError,
    MailTooLargeError,
    UnknownMailboxError,
)
from shared.peers.rate_limits import RateLimits
from shared.storage.configuration_store import ConfigurationStore

log = structlog.get_logger()

PATH: Final = "/ingest/"
PART: Final = "mail"
_MAIL: Final = "message/rfc822"
_FORM: Final = "multipart/form-data"
_ADDRESS: Final = re.compile(r"[^@\s<>\x00-\x1f\x7f]{1,256}@[^@\s<>\x00-\x1f\x7f]{1,255}")
_FIRST_FIELD: Final = re.compile(rb"[!-9;-~]{1,998}[ \t]*:")
# Octets: 998 and the line's end (RFC 5322, 2.1.1).
_LONGEST_LINE: Final = 1_000
_HANG_UP: Final = {"Connection": "close"}
"""For answers that come before the body has been read."""


@dataclass(frozen=True, slots=True)
class DropLimits:
    """How much is taken at a pod: octets of a mail, mails at once, mails a minute of each token.

    A mail that stalls or is slower than `pace` allows is refused.
    """

    largest_mail: int
    slots: SlotLimits
    per_minute: int
    pace: PaceLimits


@dataclass(frozen=True, slots=True)
class Submission:
    """A mail that is being handed in: for whom, by which token, and in which place."""

    recipient: Recipient
    token: Token
    sender: str | None
    slot: DropSlot


class DropResource:
    """POST /ingest/{mailbox}: 202 with the arrival's id once a majority holds the mail."""

    def __init__(
        self,
        *,
        intake: MailIntake,
        configuration: ConfigurationStore,
        answers: IdempotencyStore,
        limits: DropLimits,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._configuration = configuration
        self._answers = answers
        self._limits = limits
        self._clock = clock
        self._rates = RateLimits(limits.per_minute)
        self._slots = DropSlots(limits.slots)

    async def receive(self, scope: Scope, receive: Receive, mailbox: str) -> Response:
        """Store the mail in the body of a request, and return the answer.

        Raises:
            RequestError: The token is unknown (401) or not for this mailbox (403), there is no such
                mailbox (404), the body is no mail (400) or too large (413), there are too many
                mails (429), or the key is used otherwise (409, 422).
            Unavailable: The database does not answer.
        """
        if scope["method"] != "POST":
            raise RequestError(
                Situation.METHOD_UNKNOWN,
                "mail is handed in by POST",
                headers={"Allow": "POST, OPTIONS"},
            )
        request = Request(scope, receive)
        contact_center = await self._configuration.current()
        token = _token(contact_center, scope)
        recipient, sender = await self._recipient(contact_center, mailbox, token), _sender(request)
        self._require_size(request)
        async with self._slots.occupied(token.name) as slot:
            self._require_pace(token)
            submission = Submission(recipient, token, sender, slot)
            if "idempotency-key" in request.headers:
                return await self._receive_once(request, submission)
            mail = _with_headers(self._octets(request, slot))
            return _answer(await self._store(request, submission, mail))

    async def _recipient(
        self, contact_center: ContactCenter, address: str, token: Token
    ) -> Recipient:
        try:
            recipient = await self._intake.recipient(address)
        except UnknownMailboxError as error:
            raise RequestError(
                Situation.NOT_FOUND, "there is no such mailbox here", headers=_HANG_UP
            ) from error
        mailbox = contact_center.mailbox_for(address)
        drop = mailbox.drop if mailbox else None
        if drop is None or token.name not in drop.tokens:
            message = f"the token {token.name} may not hand in mail for this mailbox"
            raise RequestError(Situation.NOT_PERMITTED, message, headers=_HANG_UP)
        return recipient

    def _require_size(self, request: Request) -> None:
        kind, length = _media_type(request), request.headers.get("content-length", "")
        if kind == _MAIL and length.isdecimal() and int(length) > self._limits.largest_mail:
            raise self._too_large()

    def _too_large(self) -> RequestError:
        message = f"a mail has at most {self._limits.largest_mail} bytes"
        return RequestError(Situation.TOO_LARGE, message, headers=_HANG_UP)

    def _require_pace(self, token: Token) -> None:
        if wait := self._rates.take(token.name, time.monotonic()):
            raise RequestError(
                Situation.TOO_MANY_REQUESTS,
                f"a token may hand in {self._limits.per_minute} mails a minute",
                headers={"Retry-After": str(ceil(wait))} | _HANG_UP,
            )

    async def _receive_once(self, request: Request, submission: Submission) -> Response:
        """Receive a mail under a key: a repetition gets the arrival's id of the first try.

        A repetition is read to its end as well, because only the digest of the whole mail tells it
        from another mail.
        """
        given = request.headers["idempotency-key"]
        require_valid_key(given, headers=_HANG_UP)
        key = _digest("drop", submission.token.name, submission.recipient.mailbox, given)
        fingerprint = _digest("-" if submission.sender is None else f"<{submission.sender}>")
        claim = await self._answers.claim(key, fingerprint, self._clock.now())
        if claim.fingerprint != fingerprint:
            raise key_reused("mail", headers=_HANG_UP)
        mail = self._noted(_with_headers(self._octets(request, submission.slot)), key)
        if claim.answered is not None:
            async for _ in mail:
                pass
            replayed = {"Idempotent-Replayed": "true"}
            return Response(
                claim.answered.body, claim.answered.status, replayed, "application/json"
            )
        if claim.command_ids is None:
            raise in_progress(headers=_HANG_UP)
        try:
            arrival_id = claim.command_ids.new_id
            answer = _answer(await self._store(request, submission, mail, arrival_id))
        except BaseException:
            with suppress(Unavailable):
                await self._answers.release(key, self._clock.now())
            raise
        # Without this write a repetition stores nothing all the same: the arrival has the id.
        with suppress(Unavailable):
            stored = StoredAnswer(answer.status_code, (), bytes(answer.body))
            await self._answers.store_answer(key, stored)
        crash_point("drop.before_answer")
        return answer

    async def _store(
        self,
        request: Request,
        submission: Submission,
        mail: AsyncIterator[bytes],
        arrival_id: str | None = None,
    ) -> str:
        source = MailSource(
            Way.HTTP, "HTTP", name=submission.token.name, peer=client_address(request.scope)
        )
        try:
            return await self._intake.receive_stream(
                mail,
                sender=submission.sender,
                recipients=[submission.recipient],
                source=source,
                arrival_id=arrival_id,
            )
        except MailTooLargeError as error:
            raise self._too_large() from error
        except MailDeferredError as error:
            seconds = ceil(error.wait.total_seconds())
            raise RequestError(
                Situation.TOO_MANY_REQUESTS,
                f"{error}: try again in the next one",
                headers={"Retry-After": str(seconds)} | _HANG_UP,
            ) from error
        except MailLoopError as error:
            message = f"this mail is in a loop: {error}"
            raise RequestError(Situation.VALUE_REFUSED, message, headers=_HANG_UP) from error

    async def _noted(self, mail: AsyncIterator[bytes], key: str) -> AsyncIterator[bytes]:
        """Yield a mail, and store its digest with the key before the mail ends.

        The mail is stored after its end, so no arrival of this key lacks the digest, whenever the
        pod dies.

        Raises:
            RequestError: The key was used for another mail (422).
        """
        digest = hashlib.sha256()
        async for piece in mail:
            digest.update(piece)
            yield piece
        if not await self._answers.note_content(key, digest.hexdigest()):
            raise key_reused("mail", headers=_HANG_UP)

    def _octets(self, request: Request, slot: DropSlot) -> AsyncIterator[bytes]:
        body = _counted(
            body_of(
                request.receive,
                at_most=self._limits.largest_mail,
                limits=self._limits.pace,
            ),
            slot,
        )
        match _media_type(request):
            case "message/rfc822":
                return body
            case "multipart/form-data":
                return _mail_in_form(request.headers["content-type"], body)
        message = f"send the mail as {_MAIL}, or as {_FORM} in part {PART}"
        raise RequestError(Situation.PARAMETER_MISSING, message, headers=_HANG_UP)


async def _counted(octets: AsyncIterator[bytes], slot: DropSlot) -> AsyncIterator[bytes]:
    async for piece in octets:
        slot.octets += len(piece)
        yield piece
    slot.is_whole = True


def _token(contact_center: ContactCenter, scope: Scope) -> Token:
    with suppress(MalformedCredentialsError):
        given = credentials(scope)
        if isinstance(given, Bearer) and (token := contact_center.token(given.token)):
            return token
    raise RequestError(
        Situation.NOT_AUTHENTICATED,
        "send a token of the contact center: Authorization: Bearer TOKEN",
        headers={"WWW-Authenticate": 'Bearer realm="mailroom ingest"'} | _HANG_UP,
    )


def _sender(request: Request) -> str | None:
    """Return the envelope sender, empty for `<>`; None where the mail itself has to say it."""
    given = request.headers.getlist("x-envelope-from")
    if not given:
        return None
    sender = _in_utf8(given[0].strip()).removeprefix("<").removesuffix(">")
    is_address = not sender or (sender.isprintable() and _ADDRESS.fullmatch(sender))
    if len(given) > 1 or not is_address:
        message = "X-Envelope-From has to be one address in UTF-8, or <> for none"
        raise RequestError(Situation.VALUE_REFUSED, message, headers=_HANG_UP)
    return sender


def _in_utf8(field: str) -> str:
    """Return the text of a header field, of which the framework has made a character an octet."""
    return field.encode("latin-1").decode(errors="surrogateescape")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _mail_in_form(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the mail of a form. Its end comes only after the end of a whole form."""
    found = 0
    async for part in read_parts(content_type, chunks):
        is_mail = part.head.name == PART
        found += is_mail
        if found > 1:
            message = f"the form has several parts {PART}: send one mail at a time"
            raise RequestError(Situation.VALUE_REFUSED, message, headers=_HANG_UP)
        async for piece in part.content:
            if is_mail:
                yield piece
    if not found:
        raise RequestError(Situation.PARAMETER_MISSING, f"the mail has to be in part {PART}")


async def _with_headers(octets: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the octets of a mail that begins as mails do (RFC 5322 section 2.2)."""
    head = b""
    async for piece in octets:
        head += piece
        if b"\n" in head or len(head) > _LONGEST_LINE:
            break
    if not head:
        raise RequestError(Situation.VALUE_REFUSED, "the body is empty: it has to be a mail")
    if not _FIRST_FIELD.match(head):
        message = "a mail begins with header fields, such as `From: ann@example.org`"
        raise RequestError(Situation.VALUE_REFUSED, message, headers=_HANG_UP)
    yield head
    async for piece in octets:
        yield piece


def _answer(arrival_id: str) -> Response:
    return json_answer({"statusCode": 0, "arrivalId": arrival_id}, 202)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode(errors="surrogatepass")).hexdigest()
