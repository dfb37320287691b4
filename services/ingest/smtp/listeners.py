"""The SMTP and LMTP listeners, in the event loop of the service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import structlog

from services.ingest.settings import IngestSettings
from services.ingest.smtp.dialogue import Dialogue, LmtpDialogue
from services.ingest.smtp.receiver import MailReceiver
from services.ingest.smtp.session_limits import SessionLimits, SmtpSessions
from shared.background_tasks import StopDeadline

if TYPE_CHECKING:
    from services.ingest.smtp.server_certificate import ServerCertificate

log = structlog.get_logger()

_FOR_PARSING: Final = 5.0
_BACKLOG: Final = 2048
"""Connections that the system keeps while the loop is busy; the next ones would wait a second."""


@asynccontextmanager
async def listening(
    receiver: MailReceiver,
    settings: IngestSettings,
    certificate: "ServerCertificate | None" = None,
    *,
    deadline: StopDeadline | None = None,
) -> AsyncIterator[None]:
    """Accept mail for as long as the context lasts; running transactions may end after it.

    With a certificate, STARTTLS is offered. Transactions have until five seconds before the
    deadline, which are left for parsing what they brought.
    """
    deadline = deadline or StopDeadline(settings.drain)
    limits = SessionLimits(
        settings.most_sessions,
        settings.sessions_per_peer,
        settings.relays,
        settings.idle_when_full.total_seconds(),
        settings.room,
        settings.mails_per_peer,
        settings.new_sessions_per_peer,
        settings.proxies if settings.proxy_protocol == "v1v2" else (),
    )
    sessions = SmtpSessions(limits, asyncio.get_running_loop().time)
    Dialogue.line_length_limit = settings.longest_line
    servers = [
        await asyncio.get_running_loop().create_server(
            partial(
                _Door,
                sessions,
                partial(
                    protocol,
                    receiver,
                    sessions=sessions,
                    settings=settings,
                    certificate=certificate,
                ),
            ),
            settings.host,
            port,
            backlog=_BACKLOG,
        )
        for protocol, port in ((Dialogue, settings.smtp_port), (LmtpDialogue, settings.lmtp_port))
    ]
    log.info("listening", smtp_port=settings.smtp_port, lmtp_port=settings.lmtp_port)
    try:
        yield
    finally:
        for server in servers:
            server.close()
        # No transaction needs longer than its storing, so a peer that is silent holds up nothing.
        longest = min(settings.storing.total_seconds(), deadline.seconds_left() - _FOR_PARSING)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest)):
                await sessions.close_all()


class _Door(asyncio.Protocol):
    """Begins the session of a new connection, or refuses it before it costs anything."""

    def __init__(self, sessions: SmtpSessions, begin_session: Callable[[], Dialogue]) -> None:
        self._sessions = sessions
        self._begin_session = begin_session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection to a session, or reply and close."""
        peer = transport.get_extra_info("peername")
        refusal = self._sessions.refusal_at_door(str(peer[0]) if peer else "")
        if refusal is not None:
            cast("asyncio.WriteTransport", transport).write(refusal)
            transport.close()
            return
        session = self._begin_session()
        transport.set_protocol(session)
        session.connection_made(transport)
