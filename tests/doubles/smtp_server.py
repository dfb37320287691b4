"""A real mail server, aiosmtpd, with as much of ESMTP as a test wants, that keeps every mail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class KeepingServer:
    """The envelopes it was given, with octets or, where it takes 7 bits only, a text."""

    port: int = 0
    kept: list[Envelope] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.kept.append(envelope)
        return "250 2.0.0 kept"


@asynccontextmanager
async def running_server(
    *, utf8: bool = False, seven_bit: bool = False
) -> AsyncIterator[KeepingServer]:
    """Give a server on a free port: with SMTPUTF8 (RFC 6531) or not, or without 8BITMIME."""
    keeping, loop = KeepingServer(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            keeping,
            loop=loop,
            enable_SMTPUTF8=utf8,
            decode_data=seven_bit,
            hostname="next.example",
        ),
        host="127.0.0.1",
        port=0,
    )
    keeping.port = server.sockets[0].getsockname()[1]
    try:
        yield keeping
    finally:
        server.close()
