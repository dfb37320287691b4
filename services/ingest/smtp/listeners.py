"""The SMTP and LMTP listeners, in the event loop of the service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog

from services.ingest.settings import IngestSettings
from services.ingest.smtp.dialogue import Dialogue, LmtpDialogue
from services.ingest.smtp.receiver import MailReceiver
from services.ingest.smtp.session_limits import SessionLimits, SmtpSessions

log = structlog.get_logger()


@asynccontextmanager
async def listening(receiver: MailReceiver, settings: IngestSettings) -> AsyncIterator[None]:
    """Accept mail for as long as the context lasts; running transactions may end after it."""
    limits = SessionLimits(
        settings.most_sessions,
        settings.sessions_per_peer,
        settings.relays,
        settings.idle_when_full.total_seconds(),
        settings.room,
    )
    sessions = SmtpSessions(limits, asyncio.get_running_loop().time)
    servers = [
        await _listen(Dialogue, receiver, settings, settings.smtp_port, sessions),
        await _listen(LmtpDialogue, receiver, settings, settings.lmtp_port, sessions),
    ]
    log.info("listening", smtp_port=settings.smtp_port, lmtp_port=settings.lmtp_port)
    try:
        yield
    finally:
        for server in servers:
            server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.storing.total_seconds()):
                await sessions.close_all()


async def _listen(
    protocol: type[Dialogue],
    receiver: MailReceiver,
    settings: IngestSettings,
    port: int,
    sessions: SmtpSessions,
) -> asyncio.Server:
    protocol.line_length_limit = settings.longest_line
    make_session = partial(protocol, receiver, sessions=sessions, settings=settings)
    return await asyncio.get_running_loop().create_server(make_session, settings.host, port)
