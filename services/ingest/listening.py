"""The SMTP and LMTP listeners, in the event loop of the service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from services.ingest.receiving import MailReceiver
from services.ingest.settings import IngestSettings
from shared.faults import crash_point

log = structlog.get_logger()

_IDENT: Final = "Mailroom"
_FULL: Final = b"421 4.3.2 too many sessions, try again later\r\n"
_ENDLESS: Final = b"500 5.6.0 this line has no end\r\n"
_LONGEST_UNENDED: Final = 1024 * 1024
_STOPPING: Final = b"421 4.3.2 the service is stopping, try again later\r\n"


class _Sessions:
    """The open sessions: one more than the limit is turned away, and all end in good order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[_Limited] = set()
        self._ended = asyncio.Event()

    def admit(self, session: "_Limited") -> bool:
        if len(self._open) >= self._most:
            return False
        self._open.add(session)
        return True

    def end(self, session: "_Limited") -> None:
        self._open.discard(session)
        self._ended.set()

    def end_of_transaction(self) -> None:
        self._ended.set()

    async def end_all(self, patience: float) -> None:
        """Send idle sessions away at once, and those that hand a mail in when they have."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._open:
                    self._ended.clear()
                    for session in [one for one in self._open if not one.is_handing_in]:
                        session.send_away(_STOPPING)
                    await self._ended.wait()


class _Limited(SMTP):
    """aiosmtpd's session, turned away where there are too many or where the service stops."""

    def __init__(self, receiver: MailReceiver, *, sessions: _Sessions, **options: Any) -> None:
        super().__init__(receiver, **options)
        self._sessions = sessions
        self.is_handing_in = False
        self._unended = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._sessions.admit(self):
            super().connection_made(transport)
        elif isinstance(transport, asyncio.Transport):
            transport.write(_FULL)
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.end(self)
        if self.transport is not None:
            super().connection_lost(error)

    def send_away(self, reason: bytes) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.write(reason)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what came: silence begins anew, and a line that does not end ends the session."""
        if self.is_handing_in:
            self._reset_timeout()
            end = data.rfind(b"\r\n")
            self._unended = len(data) - end if end >= 0 else self._unended + len(data)
            if self._unended > _LONGEST_UNENDED:
                # aiosmtpd reads on to the end of the line, and keeps all of it.
                self.send_away(_ENDLESS)
                return
        super().data_received(data)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        self.is_handing_in, self._unended = True, 0
        try:
            await super().smtp_DATA(arg)
            asyncio.get_running_loop().call_soon(crash_point, "ingest.after_answer")
        except Exception:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            raise
        finally:
            self.is_handing_in = False
            self._sessions.end_of_transaction()


class _LimitedLmtp(LMTP, _Limited):
    """The same for LMTP: what follows the data is answered for each recipient (RFC 2033, 4.2)."""

    _answers_owed = 0

    async def push(self, status: str | bytes) -> None:
        answer = status.encode() if isinstance(status, str) else status
        owed, self._answers_owed = self._answers_owed, 0
        if answer.startswith(b"354") and self.envelope is not None:
            self._answers_owed = len(self.envelope.rcpt_tos)
        await super().push(b"\r\n".join([answer] * max(1, owed)))


@asynccontextmanager
async def listening(receiver: MailReceiver, settings: IngestSettings) -> AsyncIterator[None]:
    """Take mail for as long as the context lasts; transactions that run may finish after it."""
    sessions = _Sessions(settings.most_sessions)
    servers = [
        await _listen(_Limited, receiver, settings, settings.smtp_port, sessions),
        await _listen(_LimitedLmtp, receiver, settings, settings.lmtp_port, sessions),
    ]
    log.info("listening", smtp_port=settings.smtp_port, lmtp_port=settings.lmtp_port)
    try:
        yield
    finally:
        for server in servers:
            server.close()
        await sessions.end_all(settings.storing.total_seconds())


async def _listen(
    protocol: type[_Limited],
    receiver: MailReceiver,
    settings: IngestSettings,
    port: int,
    sessions: _Sessions,
) -> asyncio.Server:
    protocol.line_length_limit = settings.longest_line
    make_session = partial(
        protocol,
        receiver,
        sessions=sessions,
        data_size_limit=settings.largest_mail,
        enable_SMTPUTF8=True,
        hostname=settings.host_name,
        ident=_IDENT,
        timeout=settings.silence.total_seconds(),
        loop=asyncio.get_running_loop(),
    )
    return await asyncio.get_running_loop().create_server(make_session, settings.host, port)
