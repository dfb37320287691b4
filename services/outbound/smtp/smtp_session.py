"""One SMTP connection, driven step by step to record how far each mail got.

aiosmtplib's own `sendmail` writes the body and the final dot together, and reports a connection
lost before or after them in the same way. Here the dot is a write of its own.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

from services.outbound.smtp.dot_stuffing import in_blocks, stuffed
from services.outbound.smtp.smtp_message import SmtpMessage
from services.outbound.smtp.transmission import Phase, Reply, Transmission, reply_of
from shared.contracts.contact_center import SmtpRoute
from shared.domain.clock import Clock
from shared.domain.errors import Unavailable
from shared.faults import crash_point
from shared.storage.mails.delivery_store import ClaimLostError

log = structlog.get_logger()

# The positive reply to DATA (RFC 5321, 4.3.2).
_GO_AHEAD: Final = 354
_UNSENDABLE: Final = re.compile(r"[\x00-\x20<>\x7f]")
_BAD_ADDRESS: Final = Reply(501, "this is no address that a mail can be sent to")
_NOT_ASKED: Final = Reply(
    451, "the mail server answers slowly: this recipient is asked about at the next attempt"
)
_NOT_ASCII: Final = Reply(553, "the mail server takes no addresses beyond ASCII (RFC 6531)")
_NAMES_UTF8: Final = Reply(
    554, "the mail names an address beyond ASCII, which the mail server does not take (RFC 6531)"
)
_EIGHT_BIT: Final = Reply(
    554,
    "the mail server takes mail of 7 bits only (RFC 6152): this one cannot go on unchanged",
)

BeforeDot = Callable[[Mapping[str, Reply]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The longest time of each phase; `block` is for 64 KiB of the body, `body` for all of it.

    `command` is for each recipient. After `recipients` no other one is asked about.
    """

    connect: timedelta
    command: timedelta
    recipients: timedelta
    data: timedelta
    block: timedelta
    body: timedelta
    dot: timedelta


@dataclass(slots=True)
class _Progress:
    phase: Phase = Phase.MAIL
    answers: dict[str, Reply] = field(default_factory=dict)

    def is_taken(self, reply: Reply) -> bool:
        return self.phase is Phase.DOT and reply.is_positive

    def ended(self, reply: Reply | None = None, fault: str = "") -> Transmission:
        return Transmission(self.phase, dict(self.answers), reply, fault)


class SmtpSession:
    """A logged-in connection that sends one mail after the other."""

    def __init__(self, smtp: SMTP, route: SmtpRoute, deadlines: Deadlines, clock: Clock) -> None:
        self._smtp = smtp
        self._deadlines = deadlines
        self._clock = clock
        self._unfinished = False
        self.route = route
        self.opened_at = self.used_at = clock.now()
        self.mails = 0

    @property
    def is_connected(self) -> bool:
        """Say whether the connection is open, as far as this side knows."""
        return self._smtp.is_connected

    async def is_usable(self, idle: timedelta) -> bool:
        """Reset the session if it was idle or broken off; say whether the connection is open."""
        is_idle = self._clock.now() - self.used_at >= idle
        if self.is_connected and (is_idle or self._unfinished):
            await self._reset()
        return self.is_connected

    async def transmit(self, smtp_message: SmtpMessage, before_dot: BeforeDot) -> Transmission:
        """Send one mail and return how far it got; faults and cancelling are part of the result.

        `before_dot` is awaited with the replies to RCPT when everything but the final dot is
        sent. If it raises, the transaction ends without the dot. Cancelling ends it at any step.

        Raises:
            ClaimLostError: From `before_dot`.
        """
        progress = _Progress()
        self._unfinished = True
        self.mails += 1
        try:
            reply = await self._steps(smtp_message, before_dot, progress)
        except ClaimLostError:
            self.close()
            raise
        except asyncio.CancelledError:
            self.close()
            _clear_cancellation()
            return progress.ended(fault="the service was stopped")
        except Exception as error:
            # For every error alike, the phase decides whether the mail may be sent again.
            self.close()
            unexpected = not isinstance(error, SMTPException | OSError | Unavailable)
            log.warning("smtp transaction broken off", exc_info=error if unexpected else None)
            return progress.ended(fault=_describe(error))
        self._unfinished = progress.phase is not Phase.DOT
        self.used_at = self._clock.now()
        if reply is not None and not (reply.is_refusal or progress.is_taken(reply)):
            self.close()  # the server may take the next command for a part of this mail
        return progress.ended(reply)

    def close(self) -> None:
        """Close the connection at once. A mail whose dot was not sent is not delivered."""
        self._smtp.close()

    async def quit(self) -> None:
        """Close the connection by QUIT, waiting at most one second."""
        try:
            await self._smtp.quit(timeout=1)
        except (SMTPException, OSError):
            self.close()

    async def _steps(
        self, smtp_message: SmtpMessage, before_dot: BeforeDot, progress: _Progress
    ) -> Reply | None:
        if unsendable := await self._why_unsendable(smtp_message, progress):
            return unsendable
        refusal = await self._mail(smtp_message)
        if not refusal.is_positive:
            return refusal
        progress.phase = Phase.RCPT
        await self._recipients(smtp_message, progress)
        if not any(answer.is_positive for answer in progress.answers.values()):
            return None
        progress.phase = Phase.DATA
        go_ahead = await self._command(b"DATA", deadline=self._deadlines.data)
        if go_ahead.code != _GO_AHEAD:
            return go_ahead
        progress.phase = Phase.BODY
        async with asyncio.timeout(self._deadlines.body.total_seconds()):
            await self._body(smtp_message.octets())
        await before_dot(progress.answers)
        return await self._dot(progress)

    async def _why_unsendable(self, smtp_message: SmtpMessage, progress: _Progress) -> Reply | None:
        """Return a reply of our own if the server cannot take the mail unchanged, else None."""
        in_ascii = self._takes_utf8 or smtp_message.is_addressed_in_ascii
        if not in_ascii and await smtp_message.has_utf8_headers():
            strange = [one for one in smtp_message.recipients if not one.isascii()]
            progress.answers.update(dict.fromkeys(strange, _NOT_ASCII))
            return _NAMES_UTF8
        if not self._takes_eight_bits and not await smtp_message.is_seven_bit():
            return _EIGHT_BIT
        return None

    async def _mail(self, smtp_message: SmtpMessage) -> Reply:
        options = []
        if self._smtp.supports_extension("size"):
            options.append(b"SIZE=%d" % smtp_message.size)
        if self._takes_eight_bits:
            options.append(b"BODY=8BITMIME")
        if self._takes_utf8 and (
            not smtp_message.is_addressed_in_ascii or await smtp_message.has_utf8_headers()
        ):
            options.append(b"SMTPUTF8")
        if smtp_message.envelope_id and self._reports_deliveries:
            options += [b"RET=HDRS", b"ENVID=" + _xtext(smtp_message.envelope_id)]
        return await self._path_command(b"MAIL", b"FROM:", smtp_message.sender, *options)

    async def _recipients(self, smtp_message: SmtpMessage, progress: _Progress) -> None:
        """Ask about the recipients; those that there is no time for are left to the next attempt.

        A server may take its five minutes for each of a hundred. Without an end the mail would
        hold its connection for hours, and reach none of those that the server has accepted.
        """
        now = asyncio.get_running_loop().time
        ends = now() + self._deadlines.recipients.total_seconds()
        for address in smtp_message.recipients:
            if progress.answers and now() >= ends:
                progress.answers[address] = _NOT_ASKED
            else:
                progress.answers[address] = await self._rcpt(address, smtp_message.envelope_id)

    async def _rcpt(self, address: str, envelope_id: str) -> Reply:
        options = []
        if envelope_id and self._reports_deliveries:
            options.append(b"NOTIFY=FAILURE,DELAY")
            if address.isascii():
                options.append(b"ORCPT=rfc822;" + _xtext(address))
        return await self._path_command(b"RCPT", b"TO:", address, *options)

    async def _path_command(
        self, verb: bytes, prefix: bytes, address: str, *options: bytes
    ) -> Reply:
        if _UNSENDABLE.search(address):
            return _BAD_ADDRESS
        if not address.isascii() and not self._takes_utf8:
            return _NOT_ASCII
        path = prefix + b"<" + address.encode() + b">"
        return await self._command(verb, path, *options, deadline=self._deadlines.command)

    @property
    def _reports_deliveries(self) -> bool:
        return self._smtp.supports_extension("dsn")

    @property
    def _takes_eight_bits(self) -> bool:
        return self._smtp.supports_extension("8bitmime")

    @property
    def _takes_utf8(self) -> bool:
        return self._smtp.supports_extension("smtputf8")

    async def _body(self, octets: AsyncIterator[bytes]) -> None:
        async for block in in_blocks(stuffed(octets)):
            protocol = self._protocol()
            protocol.write(block)
            async with asyncio.timeout(self._deadlines.block.total_seconds()):
                await protocol._drain_helper()  # noqa: SLF001 - there is no other way to wait

    async def _dot(self, progress: _Progress) -> Reply:
        protocol = self._protocol()
        protocol.write(b".\r\n")  # raises where the connection is gone: then nothing was sent
        progress.phase = Phase.DOT
        asyncio.get_running_loop().call_soon(crash_point, "outbound.after_dot")
        response = await protocol.read_response(timeout=self._deadlines.dot.total_seconds())
        return reply_of(response.code, response.message)

    async def _command(self, *words: bytes, deadline: timedelta) -> Reply:
        await _process_received_octets()
        response = await self._smtp.execute_command(*words, timeout=deadline.total_seconds())
        return reply_of(response.code, response.message)

    async def _reset(self) -> None:
        try:
            reply = await self._command(b"RSET", deadline=self._deadlines.connect)
        except (SMTPException, OSError):
            self.close()
            return
        self._unfinished = False
        if not reply.is_positive:
            self.close()

    def _protocol(self) -> SMTPProtocol:
        if self._smtp.protocol is None:
            raise SMTPServerDisconnected("the connection is gone")
        return self._smtp.protocol


async def _process_received_octets() -> None:
    """Read octets that nothing asked for: they end the connection, and pass for no reply."""
    for _ in range(2):  # asyncio's loop reads in the first turn, and hands on in the second
        await asyncio.sleep(0)


def _clear_cancellation() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _describe(error: BaseException) -> str:
    if isinstance(error, TimeoutError | SMTPException):
        return f"the mail server did not answer as it should ({type(error).__name__})"
    return f"the mail could not be sent ({type(error).__name__})"


def _xtext(text: str) -> bytes:
    """Return ASCII text as xtext (RFC 3461 section 4)."""
    return "".join(
        f"+{ord(one):02X}" if one in "+=" or not "!" <= one <= "~" else one for one in text
    ).encode()
