"""The replies to RCPT and DATA: 250 only for mail that is stored (RFC 5321)."""

import asyncio
import re
from collections.abc import Sequence
from typing import Final, Protocol

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Counter

from services.ingest.settings import IngestSettings
from shared.contracts.envelope import Cause
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.domain.storable_text import storable
from shared.faults import crash_point
from shared.mail.trace_fields import trace, without_return_path
from shared.storage.configuration_store import ConfigurationStore

log = structlog.get_logger()

RECEIVED: Final = Counter("mailroom_mails_received_total", "Mails at the final dot", ["answer"])

_RECEIVED_HEADER: Final = re.compile(rb"^received:", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID: Final = re.compile(
    rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_LONGEST_ID: Final = 998
_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")

ACCEPTED: Final = "250 2.0.0 stored as {}"
COME_BACK: Final = "451 4.3.0 cannot store mail at the moment, try again later"
UNKNOWN: Final = "550 5.1.1 no such mailbox here"
TOO_MANY: Final = "452 4.5.3 too many recipients in one transaction"
LOOPING: Final = "554 5.4.6 too many hops, this mail is in a loop"


class MailIntake(Protocol):
    """Stores received mail."""

    async def add(self, raw: bytes, *, sender: str, mailboxes: Sequence[str], peer: str) -> str:
        """Store a mail and return its arrival id."""
        ...


class MailReceiver:
    """The hooks that aiosmtpd calls, for SMTP and LMTP."""

    def __init__(
        self,
        intake: MailIntake,
        configuration: ConfigurationStore,
        settings: IngestSettings,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._configuration = configuration
        self._settings = settings
        self._clock = clock

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Accept recipients with a mailbox here, refuse all others: this server is no relay."""
        if len(envelope.rcpt_tos) >= self._settings.most_recipients:
            return TOO_MANY
        try:
            mailbox = (await self._configuration.current()).mailbox_for(address)
        except Unavailable:
            return COME_BACK
        if mailbox is None:
            return UNKNOWN
        envelope.rcpt_tos.append(mailbox.address)
        return "250 2.1.5 recipient taken"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail and return the reply to the final dot."""
        answer = await self._store(server, session, envelope)
        RECEIVED.labels(answer[:3]).inc()
        return answer

    async def handle_exception(self, error: Exception) -> str:
        """Return the reply after an error of this server: temporary, so the sender tries again."""
        log.error("smtp command failed", reason=type(error).__name__, exc_info=error)
        return COME_BACK

    async def _store(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        if _count_hops(raw) > self._settings.most_hops:
            return LOOPING
        recipients = list(dict.fromkeys(envelope.rcpt_tos))
        crash_point("ingest.before_store")
        try:
            async with asyncio.timeout(self._settings.storing.total_seconds()):
                arrival_id = await self._intake.add(
                    self._trace(server, session, envelope, recipients) + without_return_path(raw),
                    sender=_sender(envelope),
                    mailboxes=recipients,
                    peer=_peer_address(session),
                )
        except (Unavailable, TimeoutError) as error:
            log.warning("mail not stored", reason=str(error) or type(error).__name__)
            return COME_BACK
        crash_point("ingest.after_store")
        log.info(
            "mail accepted",
            arrival_id=arrival_id,
            correlation_id=str(Cause.about(arrival_id).correlation_id),
            message_id=_message_id(raw),
            peer=_peer_address(session),
            sender=_sender(envelope),
            recipients=recipients,
            size=len(raw),
        )
        return ACCEPTED.format(arrival_id)

    def _trace(
        self, server: SMTP, session: Session, envelope: Envelope, recipients: Sequence[str]
    ) -> bytes:
        return trace(
            sender=_sender(envelope),
            recipients=recipients,
            name=session.host_name or "",
            peer=_peer_address(session),
            host=self._settings.host_name,
            protocol=_protocol(server, session),
            now=self._clock.now(),
        )


def _sender(envelope: Envelope) -> str:
    sender = envelope.mail_from or ""
    return "" if sender == "<>" else sender  # what aiosmtpd calls the null reverse-path


def _peer_address(session: Session) -> str:
    return str(session.peer[0]) if session.peer else ""


def _protocol(server: SMTP, session: Session) -> str:
    """Return the protocol by its registered name (RFC 3848)."""
    if isinstance(server, LMTP):
        return "LMTP"
    return "ESMTP" if session.extended_smtp else "SMTP"


def _message_id(raw: bytes) -> str:
    """Return the Message-ID as it stands in the header, for the log; the parser reads it later."""
    found = _MESSAGE_ID.search(raw, 0, _header_length(raw))
    return storable(found[1], _LONGEST_ID) if found else ""


def _count_hops(raw: bytes) -> int:
    return len(_RECEIVED_HEADER.findall(raw, 0, _header_length(raw)))


def _header_length(raw: bytes) -> int:
    end = _HEADER_END.search(raw)
    return end.start() if end else len(raw)
