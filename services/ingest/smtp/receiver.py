"""The replies to RCPT and DATA: 250 only for mail that is stored (RFC 5321)."""

import asyncio
from typing import Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Counter

from services.ingest.settings import IngestSettings
from shared.domain.errors import Unavailable
from shared.domain.mail_envelope import Way
from shared.intake.mail_intake import MailIntake, MailSource, Recipient
from shared.intake.refusals import (
    MailDeferredError,
    MailLoopError,
    MailTooLargeError,
    UnknownMailboxError,
)

log = structlog.get_logger()

RECEIVED: Final = Counter("mailroom_mails_received_total", "Mails at the final dot", ["answer"])

ACCEPTED: Final = "250 2.0.0 stored as {}"
COME_BACK: Final = "451 4.3.0 cannot store mail at the moment, try again later"
FLOODED: Final = "451 4.7.1 more mails come than are taken in an hour, try again later"
UNKNOWN: Final = "550 5.1.1 no such mailbox here"
TOO_MANY: Final = "452 4.5.3 too many recipients in one transaction"
LOOPING: Final = "554 5.4.6 this mail is in a loop: {}"
TOO_LARGE: Final = "552 5.3.4 this mail is too large, EHLO tells how large one may be"


class SmtpEnvelope(Envelope):
    """aiosmtpd's envelope, with the recipients as they were recognised."""

    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[Recipient] = []


class MailReceiver:
    """The hooks that aiosmtpd calls, for SMTP and LMTP."""

    def __init__(self, intake: MailIntake, settings: IngestSettings) -> None:
        self._intake = intake
        self._settings = settings

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: SmtpEnvelope,
        address: str,
        _options: object,
    ) -> str:
        """Accept recipients with a mailbox here, refuse all others: this server is no relay."""
        if len(envelope.rcpt_tos) >= self._settings.most_recipients:
            return TOO_MANY
        try:
            envelope.recipients.append(await self._intake.recipient(address))
        except Unavailable:
            return COME_BACK
        except UnknownMailboxError:
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient taken"

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        host_name: str,
        lines: list[str],
    ) -> list[str]:
        """Return the lines of the reply to EHLO, without the logins that aiosmtpd offers."""
        session.host_name = host_name
        return [line for line in lines if not line.startswith("250-AUTH")]

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: SmtpEnvelope
    ) -> str:
        """Store the mail and return the reply to the final dot."""
        answer = await self._store(server, session, envelope)
        RECEIVED.labels(answer[:3]).inc()
        return answer

    async def handle_exception(self, error: Exception) -> str:
        """Return the reply after an error of this server: temporary, so the sender tries again."""
        log.error("smtp command failed", reason=type(error).__name__, exc_info=error)
        return COME_BACK

    async def _store(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:
        try:
            async with asyncio.timeout(self._settings.storing.total_seconds()):
                arrival_id = await self._intake.receive(
                    envelope.original_content or b"",
                    sender=_sender(envelope),
                    recipients=envelope.recipients,
                    source=_source(server, session),
                )
        except (Unavailable, TimeoutError) as error:
            log.warning("mail not stored", reason=str(error) or type(error).__name__)
            return COME_BACK
        except MailDeferredError:
            return FLOODED
        except MailTooLargeError:
            return TOO_LARGE
        except MailLoopError as error:
            return LOOPING.format(error)
        return ACCEPTED.format(arrival_id)


def _sender(envelope: Envelope) -> str:
    sender = envelope.mail_from or ""
    return "" if sender == "<>" else sender  # what aiosmtpd calls the null reverse-path


def _source(server: SMTP, session: Session) -> MailSource:
    return MailSource(
        Way.LMTP if isinstance(server, LMTP) else Way.SMTP,
        _protocol(server, session),
        name=session.host_name or "",
        peer=str(session.peer[0]) if session.peer else "",
    )


def _protocol(server: SMTP, session: Session) -> str:
    """Return the protocol by its registered name (RFC 3848)."""
    encrypted = "S" if session.ssl is not None else ""
    if isinstance(server, LMTP):
        return f"LMTP{encrypted}"
    return f"ESMTP{encrypted}" if session.extended_smtp else "SMTP"
