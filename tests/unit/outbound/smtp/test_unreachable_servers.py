"""Why there is no connection to a server, in words for agents."""

import asyncio
import socket
from pathlib import Path

import pytest
from aiosmtplib import SMTP, SMTPException

from deploy.local.processes.ports import free_port
from services.outbound.smtp.connection import _why_away
from tests.fixtures.https import certificate


async def failure(server: SMTP) -> Exception:
    with pytest.raises((SMTPException, OSError)) as caught:
        await server.connect()
    return caught.value


async def test_closed_port_refuses_connections() -> None:
    error = await failure(SMTP(hostname="127.0.0.1", port=free_port()))

    assert _why_away(error) == "refuses connections"


async def test_silent_server_does_not_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = await failure(
            SMTP(hostname="127.0.0.1", port=silent.getsockname()[1], timeout=0.05)
        )

    assert _why_away(error) == "does not answer in time"


async def test_made_up_host_is_not_found() -> None:
    error = await failure(SMTP(hostname="mail.invalid", port=25))

    assert _why_away(error) == "is not found"


async def test_certificate_of_its_own_is_not_trusted(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "localhost")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=shown.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(SMTP(hostname="127.0.0.1", port=port, use_tls=True))

    assert _why_away(error) == "shows a certificate that is not trusted"
