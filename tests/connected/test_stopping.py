"""A stopping service takes no new work, however long what it has begun still needs."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from deploy.local.processes.ports import free_port
from shared.messaging.topology import INGEST
from tests.connected.messaging.queues import consumers_of
from tests.connected.pods import running_pod
from tests.support.backend import Backend
from tests.support.waiting import until

pytestmark = pytest.mark.connected


async def test_stopping_ingest_takes_nothing_while_senders_end(
    backend: Backend, vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backend.publisher.is_open()
    port = free_port()
    monkeypatch.setenv("INGEST_SMTP_PORT", str(port))
    monkeypatch.setenv("INGEST_LMTP_PORT", "0")

    async def is_consumer_gone() -> bool:
        return await consumers_of(vhost_url, INGEST.name) == 0

    async with AsyncExitStack() as pod:
        running = await pod.enter_async_context(
            running_pod("ingest", vhost_url, database_url, monkeypatch)
        )
        assert await running.recovers()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for command in (
            "EHLO sender.example",
            "MAIL FROM:<ann@example.org>",
            "RCPT TO:<support@demo.example>",
            "DATA",
        ):
            writer.write(f"{command}\r\n".encode())
        writer.write(b"Subject: begun\r\n\r\n")
        while not (await reader.readline()).startswith(b"354"):
            pass
        stopping = asyncio.create_task(pod.aclose())

        is_gone = await until(is_consumer_gone, 8, every=0.05)
        is_sender_served = not stopping.done()
        writer.write(b"the end\r\n.\r\n")
        answer = await reader.readline()
        writer.close()
        await stopping

    assert (is_gone, is_sender_served) == (True, True)
    assert answer.startswith(b"250")
