"""One SMTP or LMTP session: aiosmtpd's dialogue, with a bound for everything that a peer may do.

Production runs on uvloop, whose transports are no `asyncio.Transport`: what a transport can do is
never asked by its class.
"""

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress
from typing import Any, Final, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import MISSING, SMTP

from services.ingest.settings import IngestSettings
from services.ingest.smtp.mail_data import LineTooLongError, MailTooLargeError, read_mail
from services.ingest.smtp.pace_limits import Pace, Patience
from services.ingest.smtp.receiver import MailReceiver
from services.ingest.smtp.session_limits import SmtpSessions
from shared.faults import crash_point

# It would write whatever a stranger says into the log.
logging.getLogger("mail.log").setLevel(logging.ERROR)

_IDENT: Final = "Mailroom"
_GO_AHEAD: Final = "354 End data with <CR><LF>.<CR><LF>"
_NO_RECIPIENT: Final = "503 5.5.1 name a recipient by RCPT first"
_NO_ARGUMENT: Final = "501 5.5.4 Syntax: DATA"
_TOO_LARGE: Final = "552 5.3.4 this mail is too large, EHLO tells how large one may be"
_LINE_TOO_LONG: Final = "500 5.6.0 a line of this mail is too long (RFC 5321, 4.5.3.1.6)"
_REPEATED_COMMAND: Final = b'500 Error: command "'
"""How aiosmtpd begins the answer to a command that it does not know, before it repeats it."""
_UNKNOWN_COMMAND: Final = b"500 5.5.1 there is no such command here, HELP lists those there are"
_ENDLESS_COMMAND: Final = b"500 5.5.2 this command has no end\r\n"
_ENDLESS_LINE: Final = b"500 5.6.0 this line has no end\r\n"
_ENDLESS_MAIL: Final = b"552 5.3.4 this mail has no end\r\n"
_SLOW: Final = b"421 4.4.2 nothing came for too long, or too slowly\r\n"
_CANNOT_VERIFY: Final = "252 2.5.2 send a mail to find out"
_LONGEST_UNENDED: Final = 1024 * 1024
_LONGEST_COMMAND: Final = 512
_ROOM_FOR_PARAMETERS: Final = {"MAIL": 36}
"""What SIZE (RFC 1870) and SMTPUTF8 (RFC 6531) add to 512 octets."""
_LONGEST_ADDRESS: Final = 320


class Dialogue(SMTP):
    """aiosmtpd's session, turned away where there are too many or where the service stops."""

    def __init__(
        self, receiver: MailReceiver, *, sessions: SmtpSessions, settings: IngestSettings
    ) -> None:
        super().__init__(
            receiver,
            data_size_limit=settings.largest_mail,
            enable_SMTPUTF8=True,
            hostname=settings.host_name,
            ident=_IDENT,
            timeout=settings.silence.total_seconds(),
            loop=asyncio.get_running_loop(),
        )
        # aiosmtpd has one table for all sessions, and each EHLO allows MAIL to be longer.
        self.command_size_limits = defaultdict(lambda: _LONGEST_COMMAND)
        self._sessions = sessions
        self._settings = settings
        self._patience = Patience(settings, self.loop.time())
        self._pace: Pace | None = None
        self._unended = 0
        self.address = ""
        self.is_storing = False

    @property
    def is_handing_in(self) -> bool:
        """Say whether it is between DATA and the answer to the final dot."""
        return self._pace is not None

    @property
    def useful_at(self) -> float:
        """When it was opened, or handed in its last mail."""
        return self._patience.useful_at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or turn the peer away."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        refusal = self._sessions.admit(self)
        if refusal is None:
            super().connection_made(transport)
            return
        transport.set_protocol(_TurnedAway())
        cast("asyncio.WriteTransport", transport).write(refusal)
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._sessions.end(self)
        super().connection_lost(error)

    def eof_received(self) -> bool:
        """End. A client that has hung up halfway is not waited for."""
        super().eof_received()
        return False

    def send_away(self, reason: bytes) -> None:
        """End the session with these words."""
        transport = cast("asyncio.WriteTransport | None", self.transport)
        if transport is None or transport.is_closing():
            return
        transport.write(reason)
        transport.close()
        # Closing waits until all is written: for ever where the peer does not read.
        self.loop.call_later(self._settings.flushing.total_seconds(), transport.abort)

    def data_received(self, data: bytes) -> None:
        """Take what came. aiosmtpd would wait for the end of a line for ever."""
        end = data.rfind(b"\r\n" if self.is_handing_in else b"\n")
        self._unended = len(data) - end if end >= 0 else self._unended + len(data)
        if self._pace is not None:
            self._pace.come(len(data))
            self._sessions.take(self, len(data))
            if self.transport is None or self.transport.is_closing():
                return
            self._reset_timeout(self._pace.patience(self.loop.time()))
            if self._unended > _LONGEST_UNENDED:
                self.send_away(_ENDLESS_LINE)
                return
            if self._pace.octets > 2 * self._settings.largest_mail:
                self.send_away(_ENDLESS_MAIL)
                return
        elif self._unended > self._settings.longest_line:
            self.send_away(_ENDLESS_COMMAND)
            return
        super().data_received(data)

    async def push(self, status: str | bytes) -> None:
        """Answer; later each time where it is a refusal, and for the last time at the end."""
        answer = status.encode(errors="replace") if isinstance(status, str) else status
        if answer.startswith(_REPEATED_COMMAND):
            answer = _UNKNOWN_COMMAND
        if answer.startswith(b"354"):
            self._pace, self._unended = Pace(self._settings, self.loop.time()), 0
        farewell = None
        if answer[3:4] != b"-":
            self._patience.note(answer)
            farewell = None if self.is_handing_in else self._patience.farewell(self.loop.time())
            # An answer that need not wait is written before anything else may happen.
            if delay := self._patience.delay():
                await asyncio.sleep(delay)
        if farewell is not None and not answer.startswith(b"221"):
            self.send_away(farewell)
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the session has ended")
        try:
            await super().push(answer)
        except (OSError, RuntimeError) as error:  # uvloop raises the latter on a closed transport
            raise ConnectionResetError("the session has ended") from error

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        try:
            await self._take_mail(arg)
            asyncio.get_running_loop().call_soon(crash_point, "ingest.after_answer")
        except Exception:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            raise
        finally:
            self._pace, self.is_storing = None, False
            self._sessions.finish_mail(self)

    async def _take_mail(self, arg: str) -> None:
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push(_NO_RECIPIENT)
            return
        if arg:
            await self.push(_NO_ARGUMENT)
            return
        await self.push(_GO_AHEAD)
        try:
            octets = await read_mail(self._reader, largest=self._settings.largest_mail)
        except MailTooLargeError:
            answer = _TOO_LARGE
        except LineTooLongError:
            answer = _LINE_TOO_LONG
        else:
            self.envelope.content = self.envelope.original_content = octets
            answer = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(answer)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - as above
        """Greet, and allow MAIL its parameters."""
        self.command_size_limits.clear()
        await super().smtp_EHLO(hostname)
        self.command_size_limits |= {
            name: _LONGEST_COMMAND + more for name, more in _ROOM_FOR_PARAMETERS.items()
        }

    async def smtp_VRFY(self, _arg: str) -> None:  # noqa: N802 - as above
        """Tell nothing; aiosmtpd would repeat what it was asked."""
        await self.push(_CANNOT_VERIFY)

    async def _call_handler_hook(self, command: str, *args: Any) -> Any:
        if command != "DATA":
            return await super()._call_handler_hook(command, *args)
        self.is_storing = True
        self._reset_timeout()  # all has come: what takes time now is the storing
        status = await super()._call_handler_hook(command, *args)
        if status is not MISSING and status.startswith("250"):
            self._patience.take_mail(self.loop.time())
        return status

    async def _handle_client(self) -> None:
        with suppress(ConnectionError):
            await super()._handle_client()

    def _timeout_cb(self) -> None:
        if self.transport is not None and self.transport.is_closing():
            cast("asyncio.WriteTransport", self.transport).abort()
        else:
            self.send_away(_SLOW)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        try:
            address, rest = super()._getaddr(arg)
        except Exception:  # noqa: BLE001 - the library's parser fails in many ways
            return None, None
        return (address, rest) if address is None or _is_storable(address) else (None, None)


class LmtpDialogue(LMTP, Dialogue):
    """The same for LMTP: what follows the data is answered for each recipient (RFC 2033, 4.2)."""

    _answers_owed = 0

    async def push(self, status: str | bytes) -> None:
        """Answer, after the data once for each recipient."""
        answer = status.encode() if isinstance(status, str) else status
        owed, self._answers_owed = self._answers_owed, 0
        if answer.startswith(b"354") and self.envelope is not None:
            self._answers_owed = len(self.envelope.rcpt_tos)
        await super().push(b"\r\n".join([answer] * max(1, owed)))


class _TurnedAway(asyncio.Protocol):
    """Hears nothing of what a peer says that has been turned away."""


def _is_storable(address: str) -> bool:
    if len(address) > _LONGEST_ADDRESS or not address.isprintable():
        return False
    return not any("\ud800" <= one <= "\udfff" for one in address)
