"""Hands mails in over SMTP: as fast as possible, or on a fixed schedule."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

from tests.bench.load.sample_mails import MAILBOX, SENDER, next_subject, sample_mail

CONNECTIONS = 20


class RefusedError(Exception):
    """The server did not take a mail."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail: when its final dot was written, and when its 250 was read."""

    subject: str
    dot: float
    accepted: float


class Connection:
    """One SMTP connection that is used for many mails."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def greet(self) -> None:
        """Read the greeting and say HELO."""
        await self._answer(b"220")
        await self._command("HELO client.example", b"250")

    async def send(self, subject: str) -> Sent:
        """Hand one mail in.

        Raises:
            RefusedError: It was not taken.
        """
        await self._command(f"MAIL FROM:<{SENDER}>", b"250")
        await self._command(f"RCPT TO:<{MAILBOX}>", b"250")
        await self._command("DATA", b"354")
        self._writer.write(sample_mail(subject) + b".\r\n")
        dot = time.monotonic()
        await self._answer(b"250")
        return Sent(subject, dot, time.monotonic())

    def close(self) -> None:
        """End the connection without a word."""
        self._writer.close()

    async def _command(self, line: str, wanted: bytes) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._answer(wanted)

    async def _answer(self, wanted: bytes) -> None:
        line = await self._reader.readline()
        if not line.startswith(wanted):
            raise RefusedError(line.decode(errors="replace"))


Connections = asyncio.Queue[Connection]


@asynccontextmanager
async def connections(*ports: int) -> AsyncIterator[Connections]:
    """Give `CONNECTIONS` idle connections to 127.0.0.1, as many to each port."""
    opened = [
        Connection(*await asyncio.open_connection("127.0.0.1", port))
        for _, port in zip(range(CONNECTIONS), cycle(ports))
    ]
    idle: Connections = asyncio.Queue()
    for one in opened:
        await one.greet()
        idle.put_nowait(one)
    try:
        yield idle
    finally:
        for one in opened:
            one.close()


async def flat_out(mails: int, *ports: int) -> list[Sent]:
    """Send as fast as all connections together can."""
    left = [next_subject() for _ in range(mails)]
    sent: list[Sent] = []

    async def work(connection: Connection) -> None:
        while left:
            sent.append(await connection.send(left.pop()))

    async with connections(*ports) as idle, asyncio.TaskGroup() as working:
        while not idle.empty():
            working.create_task(work(idle.get_nowait()))
    return sent


async def on_schedule(port: int, mails: int, *, rate: float) -> list[Sent]:
    """Send `rate` mails a second, whatever becomes of them.

    Where no connection is free when a mail's time comes, its wait counts as if its dot had been
    written that much earlier: a slow server gains nothing by holding the schedule up.
    """
    began = time.monotonic()
    async with connections(port) as idle, asyncio.TaskGroup() as sending:
        tasks = []
        for at in range(mails):
            await asyncio.sleep(began + at / rate - time.monotonic())
            tasks.append(sending.create_task(_send(idle, time.monotonic)))
    return [task.result() for task in tasks]


async def _send(idle: Connections, clock: Callable[[], float]) -> Sent:
    due = clock()
    connection = await idle.get()
    waited = clock() - due
    try:
        sent = await connection.send(next_subject())
    finally:
        idle.put_nowait(connection)
    return Sent(sent.subject, sent.dot - waited, sent.accepted)
