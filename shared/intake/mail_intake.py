"""The one way of a mail into the store: limits, hop check, trace fields, one majority write."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from prometheus_client import Counter

from shared.contracts.envelope import Cause
from shared.domain.clock import Clock
from shared.domain.mail_envelope import MailEnvelope, Way
from shared.faults import crash_point
from shared.intake.flood_gate import FloodGate
from shared.intake.refusals import MailLoopError, MailTooLargeError, UnknownMailboxError
from shared.mail.trace_fields import (
    LONGEST_HEAD,
    LOOP_MARK,
    claimed_sender,
    count_hops,
    count_loop_marks,
    message_id,
    trace,
    without_return_path,
)
from shared.storage.configuration_store import ConfigurationStore

log = structlog.get_logger()

TAKEN: Final = Counter("mailroom_mails_taken_total", "Mails stored, by the way they came", ["way"])

# Octets. The largest files that Gmail sends are 25 MB, which base64 makes 34 MB.
LARGEST_MAIL: Final = 50_000_000
# Received fields of a loop (RFC 5321, 6.3: at least 100).
MOST_HOPS: Final = 100
HOST_NAME: Final = "mailroom"
_MARKS_OF_A_LOOP: Final = 3
"""Loop marks with which a mail is refused: several machines have answered it, and kept its header.

A mail of ours that is only passed on keeps its one mark; the number of its hops ends its loop.
"""


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """The largest mail in octets, the most `Received` fields, and our name in the trace."""

    largest_mail: int = LARGEST_MAIL
    most_hops: int = MOST_HOPS
    host_name: str = HOST_NAME


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address that a source named, and the mailbox that it belongs to."""

    address: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class MailSource:
    """Where a mail comes from, for its trace fields.

    `protocol` is a name for the `with` of `Received`, such as ESMTPS (RFC 3848). `name` is what the
    source calls itself, `peer` its network address; the name may be anything a stranger says.
    `fingerprint` is stored with the mail, for sources that have to know a mail again.
    """

    way: Way
    protocol: str
    name: str = ""
    peer: str = ""
    fingerprint: str = ""


class MailStore(Protocol):
    """Stores mails; `ArrivalStore` does."""

    async def add(
        self, raw: bytes, envelope: MailEnvelope, /, *, arrival_id: str | None = None
    ) -> str:
        """Store a mail durably, once for an id that is given, and return its arrival id."""
        ...

    async def add_stream(
        self,
        pieces: AsyncIterable[bytes],
        envelope: MailEnvelope,
        /,
        *,
        arrival_id: str | None = None,
    ) -> str:
        """Store a mail of any size durably, from its pieces; else as `add`."""
        ...


class MailIntake:
    """Takes mails in. A mail with an arrival id is durable, and becomes interactions.

    The same mail may be taken twice, as after a crash between the store and the answer to its
    source: the parser finds it by Message-ID and content, and makes it a copy of the first.
    """

    def __init__(
        self,
        store: MailStore,
        configuration: ConfigurationStore,
        rules: IntakeRules,
        clock: Clock,
        *,
        gate: FloodGate | None = None,
    ) -> None:
        """Without a `gate` no mail of a flood is deferred."""
        self._gate = gate
        self._store = store
        self._configuration = configuration
        self._rules = rules
        self._clock = clock

    async def recipient(self, address: str) -> Recipient:
        """Return the recipient that an address means, with or without a plus-tag.

        The postmaster of a domain with mailboxes is always known.

        Raises:
            UnknownMailboxError: It belongs to no mailbox.
            Unavailable: The database does not answer, or nothing has been applied yet.
        """
        center = await self._configuration.current()
        mailbox = center.mailbox_for(address) or center.mailbox_for_postmaster(address)
        if mailbox is None:
            raise UnknownMailboxError(address)
        return Recipient(address, mailbox.address)

    async def receive(
        self,
        raw: bytes,
        *,
        sender: str | None,
        recipients: Sequence[Recipient],
        source: MailSource,
        arrival_id: str | None = None,
    ) -> str:
        """Store a mail that is in memory, and return its arrival id.

        `sender` is the reverse-path, empty for the null one. With None the mail's own `Return-Path`
        says it, or else its From, for sources that keep no envelope. A source that tries again
        under an `arrival_id` of its own stores its mail once.

        Raises:
            MailTooLargeError: It has more octets than the rules allow.
            MailLoopError: It has more hops than the rules allow, or loop marks of several answers.
            MailDeferredError: It belongs to a flood, and is to come again.
            Unavailable: The database does not answer.
        """
        if len(raw) > self._rules.largest_mail:
            raise MailTooLargeError
        envelope, traced = await self._admit(raw, sender, recipients, source)
        crash_point("intake.before_store")
        stored_id = await self._store.add(traced, envelope, arrival_id=arrival_id)
        _note(stored_id, raw, envelope, len(raw))
        return stored_id

    async def receive_stream(
        self,
        pieces: AsyncIterable[bytes],
        *,
        sender: str | None,
        recipients: Sequence[Recipient],
        source: MailSource,
        arrival_id: str | None = None,
    ) -> str:
        """Store a mail from its pieces, with at most about 2 MB of it in memory; else as `receive`.

        An error of `pieces` is raised again, and nothing is stored.
        """
        mail = _CountedMail(pieces, self._rules.largest_mail)
        head = await mail.read_head()
        if mail.is_complete:
            return await self.receive(
                head, sender=sender, recipients=recipients, source=source, arrival_id=arrival_id
            )
        envelope, traced = await self._admit(head, sender, recipients, source)
        crash_point("intake.before_store")
        stored_id = await self._store.add_stream(
            mail.with_head(traced), envelope, arrival_id=arrival_id
        )
        _note(stored_id, head, envelope, mail.size)
        return stored_id

    async def _admit(
        self, head: bytes, sender: str | None, recipients: Sequence[Recipient], source: MailSource
    ) -> tuple[MailEnvelope, bytes]:
        """Return the envelope of a mail, and its beginning under fresh trace fields."""
        # Two servers that forward to each other would send a mail for ever (RFC 5321 section 6.3).
        hops, most, marks = count_hops(head), self._rules.most_hops, count_loop_marks(head)
        if hops > most:
            raise MailLoopError(f"it has {hops} Received fields, more than {most}")
        if marks >= _MARKS_OF_A_LOOP:
            raise MailLoopError(f"it has {marks} {LOOP_MARK} fields")
        # An alias and a plus-tag mean the same mailbox, which gets the mail once.
        mailboxes = tuple(dict.fromkeys(one.mailbox for one in recipients))
        envelope = MailEnvelope(
            source.way,
            claimed_sender(head) if sender is None else sender,
            mailboxes,
            source.peer,
            tuple(dict.fromkeys(one.address for one in recipients)),
            source.fingerprint,
        )
        if self._gate is not None:
            await self._gate.require_room(head, envelope.sender, mailboxes, envelope.recipients)
        fields = trace(
            sender=envelope.sender,
            recipients=mailboxes,
            name=source.name,
            peer=source.peer,
            host=self._rules.host_name,
            protocol=source.protocol,
            now=self._clock.now(),
        )
        return envelope, fields + without_return_path(head)


class _CountedMail:
    """A mail that is read in pieces, up to a number of octets."""

    def __init__(self, pieces: AsyncIterable[bytes], largest: int) -> None:
        self._pieces = aiter(pieces)
        self._largest = largest
        self.size = 0
        self.is_complete = False

    async def read_head(self) -> bytes:
        """Return the first octets: more than the trace fields need, or the whole mail."""
        head = bytearray()
        while len(head) < LONGEST_HEAD:
            piece = await self._next()
            if piece is None:
                self.is_complete = True
                break
            head += piece
        return bytes(head)

    async def with_head(self, head: bytes) -> AsyncIterator[bytes]:
        """Yield a changed head, and then the rest of the mail."""
        yield head
        while (piece := await self._next()) is not None:
            yield piece

    async def _next(self) -> bytes | None:
        piece = await anext(self._pieces, None)
        self.size += len(piece or b"")
        if self.size > self._largest:
            raise MailTooLargeError
        return piece


def _note(arrival_id: str, head: bytes, envelope: MailEnvelope, size: int) -> None:
    crash_point("intake.after_store")
    TAKEN.labels(envelope.way).inc()
    log.info(
        "mail accepted",
        arrival_id=arrival_id,
        correlation_id=str(Cause.about(arrival_id).correlation_id),
        message_id=message_id(head),
        way=envelope.way,
        peer=envelope.peer,
        sender=envelope.sender,
        recipients=list(envelope.mailboxes),
        size=size,
    )
