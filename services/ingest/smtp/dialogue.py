"""One SMTP or LMTP session: aiosmtpd's protocol with limits on time, size and number."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.proxy_protocol import AF, PROTO, V2_CMD, ProxyData
from aiosmtpd.smtp import MISSING

from services.ingest.settings import IngestSettings
from services.ingest.smtp import replies
from services.ingest.smtp.envelope_addresses import address_and_rest
from services.ingest.smtp.mail_data import LineTooLongError, read_mail
from services.ingest.smtp.pace_limits import SessionBudget
from services.ingest.smtp.receiver import TOO_LARGE, MailReceiver, SmtpEnvelope
from services.ingest.smtp.session_limits import SmtpSessions
from services.ingest.smtp.starttls import StartTlsSession
from shared.faults import crash_point
from shared.intake.refusals import MailTooLargeError
from shared.intake.transfer_pace import TransferPace

if TYPE_CHECKING:
    from services.ingest.smtp.server_certificate import ServerCertificate

# aiosmtpd logs the text of strangers on the lower levels.
logging.getLogger("mail.log").setLevel(logging.ERROR)

_IDENT: Final = "Mailroom"
_LONGEST_UNTERMINATED: Final = 1024 * 1024
_LONGEST_COMMAND: Final = 512
_ROOM_FOR_PARAMETERS: Final = {"MAIL": 36}
"""Octets that SIZE (RFC 1870) and SMTPUTF8 (RFC 6531) add to the limit of 512."""


class Dialogue(StartTlsSession):
    """aiosmtpd's session with limits; refused where there are too many or the service stops."""

    def __init__(
        self,
        receiver: MailReceiver,
        *,
        sessions: SmtpSessions,
        settings: IngestSettings,
        certificate: "ServerCertificate | None" = None,
    ) -> None:
        super().__init__(
            receiver,
            settings=settings,
            certificate=certificate,
            data_size_limit=settings.largest_mail,
            enable_SMTPUTF8=True,
            hostname=settings.host_name,
            ident=_IDENT,
            timeout=settings.silence.total_seconds(),
            loop=asyncio.get_running_loop(),
        )
        self._smtp_methods.pop("AUTH")  # there are no logins here
        # aiosmtpd shares one table among all sessions and adds to it at each EHLO.
        self.command_size_limits = defaultdict(lambda: _LONGEST_COMMAND)
        self._sessions = sessions
        self._budget = SessionBudget(settings, self.loop.time())
        self._pace: TransferPace | None = None
        self._unterminated = 0
        self.address = ""
        self.is_storing = False
        self._is_over = False

    @property
    def is_in_data(self) -> bool:
        """Say whether the session is between DATA and the reply to the final dot."""
        return self._pace is not None

    @property
    def active_at(self) -> float:
        """The loop time at which the session was opened or its last mail was accepted."""
        return self._budget.active_at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the session, or refuse the peer by a reply and close."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        is_proxy = self._sessions.is_proxy(self.address)
        refusal = self._sessions.admit(self, counts=not is_proxy)
        if refusal is None:
            if is_proxy:
                self._proxy_timeout = self._settings.handshake.total_seconds()
            super().connection_made(transport)
            return
        transport.set_protocol(_RefusedPeer())
        cast("asyncio.WriteTransport", transport).write(refusal)
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """End the session."""
        if self._is_over:
            return
        self._is_over = True
        self._sessions.remove(self)
        super().connection_lost(error)

    def eof_received(self) -> bool:
        """Close the connection: a half-closed one is not kept open."""
        super().eof_received()
        return False

    def data_received(self, data: bytes) -> None:
        """Check the limits, then pass the octets on. aiosmtpd has no limit for a line's length."""
        end = data.rfind(b"\r\n" if self.is_in_data else b"\n")
        self._unterminated = len(data) - end if end >= 0 else self._unterminated + len(data)
        if self._pace is not None:
            self._pace.add(len(data))
            self._sessions.add_octets(self, len(data))
            if self.transport is None or self.transport.is_closing():
                return
            seconds = self._pace.seconds_left(self.loop.time())
            if not seconds:  # octets without a pause would put the timeout off for ever
                self.close_with(replies.SLOW)
                return
            self._reset_timeout(seconds)
            if self._unterminated > _LONGEST_UNTERMINATED:
                self.close_with(replies.ENDLESS_LINE)
                return
            if self._pace.octets > 2 * self._settings.largest_mail:
                self.close_with(replies.ENDLESS_MAIL)
                return
        elif self._unterminated > self._settings.longest_line:
            self.close_with(replies.ENDLESS_COMMAND)
            return
        super().data_received(data)

    async def push(self, status: str | bytes) -> None:
        """Write a reply. Repeated refusals are delayed, and a used-up session is closed."""
        answer = status.encode(errors="replace") if isinstance(status, str) else status
        if answer.startswith(replies.REPEATED_COMMAND):
            answer = replies.UNKNOWN_COMMAND
        if answer.startswith(b"354"):
            self._unterminated = 0
            self._pace = TransferPace(
                self._settings.silence, self._settings.slowest, self.loop.time()
            )
        closing_reply = None
        if answer[3:4] != b"-":
            self._budget.record_answer(answer)
            closing_reply = (
                None if self.is_in_data else self._budget.closing_reply(self.loop.time())
            )
            # Without a delay there is no `await` here: nothing may come between reply and write.
            if delay := self._budget.delay():
                await asyncio.sleep(delay)
        if closing_reply is not None and not answer.startswith(b"221"):
            self.close_with(closing_reply)
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the session has ended")
        try:
            await super().push(answer)
        except (OSError, RuntimeError) as error:  # uvloop raises the latter on a closed transport
            raise ConnectionResetError("the session has ended") from error

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Receive a mail."""
        try:
            await self._receive_mail(arg)
            asyncio.get_running_loop().call_soon(crash_point, "ingest.after_answer")
        except Exception:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            raise
        finally:
            self._pace, self.is_storing = None, False
            self._sessions.finish_mail(self)

    async def _receive_mail(self, arg: str) -> None:
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push(replies.NO_RECIPIENT)
            return
        if arg:
            await self.push(replies.NO_ARGUMENT)
            return
        await self.push(replies.GO_AHEAD)
        try:
            octets = await read_mail(
                self._reader,
                largest=self._settings.largest_mail,
                longest_line=self._settings.longest_line,
            )
        except MailTooLargeError:
            answer = TOO_LARGE
        except LineTooLongError:
            answer = replies.LINE_TOO_LONG
        else:
            self.envelope.content = self.envelope.original_content = octets
            answer = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(answer)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - as above
        """Reply to EHLO, and set the longer limit for MAIL with parameters."""
        self.command_size_limits.clear()
        await super().smtp_EHLO(hostname)
        self.command_size_limits |= {
            name: _LONGEST_COMMAND + more for name, more in _ROOM_FOR_PARAMETERS.items()
        }

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - as above
        """Begin a mail, unless it has to be encrypted or the peer has begun too many.

        aiosmtpd's `require_starttls` refuses LHLO in the clear, and so LMTP could not ask for TLS.
        """
        if self._settings.require_tls and self._tls_protocol is None:
            await self.push(replies.TLS_NEEDED)
            return
        if self._sessions.is_too_fast(self):
            await self.push(replies.TOO_FAST)
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - as above
        """Add a recipient, whose reply does not count as idle."""
        self._budget.record_recipient()
        await super().smtp_RCPT(arg)

    async def smtp_VRFY(self, _arg: str) -> None:  # noqa: N802 - as above
        """Reply without information. aiosmtpd's own reply repeats the peer's text."""
        await self.push(replies.CANNOT_VERIFY)

    async def _call_handler_hook(self, command: str, *args: Any) -> Any:
        if command == "PROXY":
            return self._set_real_peer(*args)
        if command != "DATA":
            return await super()._call_handler_hook(command, *args)
        self.is_storing = True
        self._reset_timeout()  # the whole mail is here: storing it has a deadline of its own
        status = await super()._call_handler_hook(command, *args)
        if status is not MISSING and status.startswith("250"):
            self._budget.record_mail(self.loop.time())
        return status

    def _set_real_peer(self, header: ProxyData) -> bool:
        """Set the address that a proxy's header names as the peer's; say whether to go on."""
        is_own = header.command == V2_CMD.LOCAL or header.family == AF.UNSPEC
        if is_own:  # a health check of the proxy
            return True
        if header.protocol != PROTO.STREAM or header.family not in (AF.INET, AF.INET6):
            return False
        self.address = str(header.src_addr)
        if self.session is not None:
            self.session.peer = cast("Any", (self.address, header.src_port))
        if refusal := self._sessions.readmit(self):
            self.close_with(refusal)
        return not refusal

    async def _handle_client(self) -> None:
        with suppress(ConnectionError):
            await super()._handle_client()

    def _create_envelope(self) -> SmtpEnvelope:
        return SmtpEnvelope()

    def _timeout_cb(self) -> None:
        if self.transport is not None and self.transport.is_closing():
            cast("asyncio.WriteTransport", self.transport).abort()
        else:
            self.close_with(replies.SLOW)

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        # The library takes `²` for a digit of SIZE, and fails when it converts it.
        return super()._getparams(params) if all(one.isascii() for one in params) else None

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return address_and_rest(arg)


class LmtpDialogue(LMTP, Dialogue):
    """The same for LMTP, with one reply to the data for each recipient (RFC 2033, 4.2)."""

    _recipients_to_answer = 0

    async def push(self, status: str | bytes) -> None:
        """Write a reply; after the data, once for each recipient."""
        answer = status.encode() if isinstance(status, str) else status
        count, self._recipients_to_answer = self._recipients_to_answer, 0
        if answer.startswith(b"354") and self.envelope is not None:
            self._recipients_to_answer = len(self.envelope.rcpt_tos)
        await super().push(b"\r\n".join([answer] * max(1, count)))


class _RefusedPeer(asyncio.Protocol):
    """Ignores everything that a refused peer sends."""
