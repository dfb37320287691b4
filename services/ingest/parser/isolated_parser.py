"""Parses mail in child processes: a mail that hangs or crashes one costs its deadline only."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from services.ingest.parser.parsed_mail_json import load
from services.ingest.parser.pipe_framing import ANSWER, FAILED, READ, STARTED, pack_head
from shared.mail.limits import UnparsableMailError
from shared.mail.parsed_mail import ParsedMail

_MEBIBYTE: Final = 1024 * 1024
# Seconds after the deadline at which a child ends itself if its parent has died.
_GRACE: Final = 2
# Python and the modules of the parser are read in 0.3 s; a machine that starts many processes at
# once needs many times that. No mail is to blame for it, so it does not count as its time.
_LONGEST_START: Final = 60
_SECONDS_A_MEBIBYTE: Final = 0.2
_LARGE: Final = 8 * _MEBIBYTE
_IMPORT_ROOT: Final = Path(__file__).resolve().parents[3]
# The child parses mail of strangers, so it gets no secrets of this process.
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")


class ParserKilledError(Exception):
    """The child that parsed the mail died, or was killed at the deadline; a new one replaces it."""


class ParserBusyError(Exception):
    """No child can parse this mail now; try it again later."""


class IsolatedParser:
    """A fixed number of child processes, each of which parses one mail at a time.

    A mail may take `quick`, and 0.2 s more for each mebibyte. A mail that needed more is slow: the
    caller passes it again with `slow=True`, and it may take `deadline`. Slow mails never use the
    last process, so that other mails go on.
    Children start when first needed and end with this object, or when this process has died.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        quick: timedelta = timedelta(seconds=3),
        deadline: timedelta = timedelta(seconds=10),
        memory: int = 512 * _MEBIBYTE,
    ) -> None:
        if processes <= 1:
            raise ValueError("slow mails leave one process to the others: at least 2 are needed")
        self._quick = quick.total_seconds()
        self._deadline = deadline.total_seconds()
        self._room_for_slow = processes - 1
        self._memory = memory
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        for _ in range(processes):
            self._idle.put_nowait(None)
        self._running: set[Process] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def is_idle(self) -> bool:
        """Say whether a child waits for a mail, so that one more holds up no other."""
        return not self._idle.empty()

    async def parse(
        self, raw: bytes, *, envelope_sender: str | None = None, slow: bool = False
    ) -> ParsedMail:
        """Return the parsed mail; wait for an idle child first.

        Raises:
            UnparsableMailError: The mail exceeds a limit.
            ParserKilledError: The mail crashed the child or took too long.
            ParserBusyError: The mail is slow, and too many slow mails are being parsed; or no child
                starts within a minute.
        """
        if not slow:
            quick = self._quick + _SECONDS_A_MEBIBYTE * len(raw) / _MEBIBYTE
            return await self._parse(raw, envelope_sender, min(quick, self._deadline))
        if not self._room_for_slow:
            raise ParserBusyError("other slow mails are being read")
        self._room_for_slow -= 1
        try:
            return await self._parse(raw, envelope_sender, self._deadline)
        finally:
            self._room_for_slow += 1

    async def _parse(self, raw: bytes, envelope_sender: str | None, seconds: float) -> ParsedMail:
        child = await self._idle.get()
        try:
            if child is None or child.returncode is not None:
                child = await self._start()
            mark, content = await self._exchange(child, raw, envelope_sender, seconds)
            if len(raw) > _LARGE:
                # A process returns the memory of a large mail to the system only by ending.
                await self._kill(child)
                child = None
        except BaseException:
            # Also on cancellation: a child in the middle of a mail cannot take another request.
            await self._kill(child)
            child = None
            raise
        finally:
            self._idle.put_nowait(child)
        return _result(mark, content)

    async def close(self) -> None:
        """Kill all children, including those that are parsing."""
        for child in tuple(self._running):
            await self._kill(child)

    async def _exchange(
        self, child: Process, raw: bytes, envelope_sender: str | None, seconds: float
    ) -> tuple[bytes, bytes]:
        head = pack_head(raw, envelope_sender, seconds=int(seconds) + _GRACE)
        try:
            async with asyncio.timeout(seconds):
                return await _send_and_receive(child, head, raw)
        except TimeoutError as error:
            raise ParserKilledError("the deadline passed") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ParserKilledError("the reader died") from error

    async def _start(self) -> Process:
        """Return a child that has read all modules of the parser, and waits for a mail."""
        child = await self._spawn()
        try:
            async with asyncio.timeout(_LONGEST_START):
                await _expect_start(child)
        except TimeoutError as error:
            await self._kill(child)
            raise ParserBusyError("the machine is too busy to start a reader") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._kill(child)
            raise ParserKilledError("the reader died at its start") from error
        except BaseException:
            # Also on cancellation: nobody else knows of this child yet.
            await self._kill(child)
            raise
        return child

    async def _spawn(self) -> Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.ingest.parser.worker",
            str(self._memory),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=_IMPORT_ROOT,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        self._running.add(child)
        return child

    async def _kill(self, child: Process | None) -> None:
        if child is None:
            return
        self._running.discard(child)
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await asyncio.shield(child.wait())


def _result(mark: bytes, content: bytes) -> ParsedMail:
    if mark == READ:
        return load(content)
    if mark == FAILED:
        raise ParserKilledError(content.decode())
    raise UnparsableMailError(content.decode())


async def _expect_start(child: Process) -> None:
    if child.stdout is None:
        raise BrokenPipeError
    await child.stdout.readexactly(len(STARTED))


async def _send_and_receive(child: Process, head: bytes, raw: bytes) -> tuple[bytes, bytes]:
    if child.stdin is None or child.stdout is None:
        raise BrokenPipeError
    child.stdin.write(head)
    child.stdin.write(raw)
    await child.stdin.drain()
    length, mark = ANSWER.unpack(await child.stdout.readexactly(ANSWER.size))
    return mark, await child.stdout.readexactly(length)
