"""A mail server that behaves as a test sets it, right or wrong, and keeps every mail."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Ending(StrEnum):
    """The end of the connection after the mail has come."""

    ANSWER = "answer"
    DROP = "drop"
    HANG = "hang"
    ANSWER_AND_DROP = "answer-and-drop"


@dataclass(frozen=True, slots=True)
class Behavior:
    """How one transaction goes. `rcpt` has the answers for some recipients; others get 250."""

    mail: str = "250 go on"
    rcpt: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    every_rcpt: str = "250 known"
    data: str = "354 give"
    drops_in_body: bool = False
    stalls_in_body: bool = False
    after_dot: str = "250 queued as 4711"
    ending: Ending = Ending.ANSWER


ACCEPT: Final = Behavior()
GREYLIST: Final = Behavior(every_rcpt="450 4.7.1 come back later")
DEFER_AFTER_DOT: Final = Behavior(after_dot="451 4.3.0 later")
REFUSE_AFTER_DOT: Final = Behavior(after_dot="554 5.7.1 not this")
DROP_IN_BODY: Final = Behavior(drops_in_body=True)
STALL_IN_BODY: Final = Behavior(stalls_in_body=True)
DROP_AFTER_DOT: Final = Behavior(ending=Ending.DROP)
HANG_AFTER_DOT: Final = Behavior(ending=Ending.HANG)
ACCEPT_THEN_DROP: Final = Behavior(ending=Ending.ANSWER_AND_DROP)
UNAVAILABLE: Final = Behavior(mail="421 4.3.2 closing")


def answering(answers: Mapping[str, str]) -> Behavior:
    """Return a manner with these answers to RCPT, by address."""
    return Behavior(rcpt=answers)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail whose final dot came; the octets are as the sender had them before stuffing.

    `commands` are its MAIL and RCPT as they were sent; two mails are equal whatever they say.
    """

    sender: str
    recipients: tuple[str, ...]
    octets: bytes
    commands: tuple[str, ...] = field(default=(), compare=False)


class SmtpSink:
    """Where the mail goes in tests. `manners` are used in order, one a transaction, then ACCEPT.

    `encoding` is the one of its replies.
    """

    def __init__(self) -> None:
        self.encoding = "utf-8"
        self.kept: list[ReceivedMail] = []
        self.connections = 0
        self.behaviors: list[Behavior] = []
        self.extensions: list[str] = ["SIZE 10000000", "8BITMIME"]
        self.port = 0
        self._changed = asyncio.Condition()
        self._release = asyncio.Event()
        self._hanging = asyncio.Event()
        self._connected: set[asyncio.StreamWriter] = set()

    async def say_unasked(self, words: str) -> None:
        """Send an unasked reply to each open connection."""
        for writer in self._connected:
            writer.write(words.encode(self.encoding) + b"\r\n")
            await writer.drain()

    async def left(self) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: not self._connected)

    async def keeps(self, count: int) -> list[ReceivedMail]:
        """Wait until that many mails are kept, and return them all."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: len(self.kept) >= count)
        return self.kept

    def release(self) -> None:
        """Answer wherever an answer is still awaited."""
        self._release.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._connected.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await _Conversation(self, reader, writer).run()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        async with self._changed:
            self._connected.discard(writer)
            self._changed.notify_all()

    def next_behavior(self) -> Behavior:
        return self.behaviors.pop(0) if self.behaviors else ACCEPT

    async def keep(self, mail: ReceivedMail) -> None:
        async with self._changed:
            self.kept.append(mail)
            self._changed.notify_all()

    async def hang(self) -> None:
        self._hanging.set()
        await self._release.wait()

    async def hangs(self) -> None:
        """Wait until an answer is awaited."""
        await asyncio.wait_for(self._hanging.wait(), 20)


class _Conversation:
    """One connection."""

    def __init__(
        self, sink: SmtpSink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._behavior = ACCEPT
        self._sender = ""
        self._recipients: list[str] = []
        self._commands: list[str] = []

    async def run(self) -> None:
        await self._say("220 sink.example")
        while (line := (await self._reader.readuntil(b"\r\n")).decode().strip()) != "QUIT":
            if not await self._obey(line):
                return
        await self._say("221 bye")

    async def _obey(self, line: str) -> bool:
        match line.partition(" ")[0].upper():
            case "EHLO":
                *first, last = ("sink.example", *self._sink.extensions)
                await self._say("".join(f"250-{one}\r\n" for one in first) + f"250 {last}")
            case "MAIL":
                self._behavior, self._recipients = self._sink.next_behavior(), []
                self._commands = [line]
                self._sender = _path(line)
                await self._say(self._behavior.mail)
                return not self._behavior.mail.startswith("421")
            case "RCPT":
                self._commands.append(line)
                await self._rcpt(_path(line))
            case "DATA":
                return await self._data()
            case _:
                await self._say("250 fine")
        return True

    async def _rcpt(self, address: str) -> None:
        answer = self._behavior.rcpt.get(address, self._behavior.every_rcpt)
        if answer.startswith("250"):
            self._recipients.append(address)
        await self._say(answer)

    async def _data(self) -> bool:
        await self._say(self._behavior.data)
        if self._behavior.stalls_in_body:
            self._stall()
            await self._sink.hang()
        if self._behavior.drops_in_body or self._behavior.stalls_in_body:
            return False
        if not self._behavior.data.startswith("354"):
            return True
        octets = await self._octets()
        mail = ReceivedMail(self._sender, tuple(self._recipients), octets, tuple(self._commands))
        if self._behavior.after_dot.startswith("250"):
            await self._sink.keep(mail)
        return await self._end()

    def _stall(self) -> None:
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def _octets(self) -> bytes:
        lines = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    async def _end(self) -> bool:
        match self._behavior.ending:
            case Ending.DROP:
                return False
            case Ending.HANG:
                await self._sink.hang()
        await self._say(self._behavior.after_dot)
        return self._behavior.ending is Ending.ANSWER

    async def _say(self, reply: str) -> None:
        self._writer.write(reply.encode(self._sink.encoding) + b"\r\n")
        await self._writer.drain()


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


@asynccontextmanager
async def running_sink() -> AsyncIterator[SmtpSink]:
    """Give a sink on a free port of this machine."""
    sink = SmtpSink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=2**24)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        sink.release()
        server.close()
