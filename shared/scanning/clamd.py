"""The client of ClamAV's clamd: its commands INSTREAM and VERSION."""

import asyncio
import struct
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from shared.domain.errors import Unavailable
from shared.domain.storable_text import storable

TOO_LARGE: Final = "it is larger than the virus scanner takes"
_SCAN: Final = b"zINSTREAM\0"
_TELL_VERSION: Final = b"zVERSION\0"
_PROGRAM: Final = "ClamAV "
# Characters of its version, which `doctor` prints in one line.
_LONGEST_PROGRAM: Final = 80
_LENGTH: Final = struct.Struct(">I")
# Seconds. clamd answers at once unless it loads signatures, and then it is away.
_CONNECTING: Final = 5.0
# Seconds. clamd itself gives up on a file after two minutes (`MaxScanTime`).
_SCANNING: Final = 120.0
_PIECE: Final = 64 * 1024
# Octets. An answer is a line with the name of a virus.
_LONGEST_ANSWER: Final = 4_096
_FOUND: Final = " FOUND"
_CLEAN: Final = "OK"

_Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class ScannerVersion:
    """A scanner's program, such as `ClamAV 1.4.3`, and the time of its signatures.

    The time is None where the scanner has no signatures of ClamAV's own. The program is empty where
    the scanner's configuration forbids to ask (`EnableVersionCommand no`).
    """

    program: str = ""
    signatures_at: datetime | None = None


class ScannerAwayError(Unavailable):
    """The scanner does not answer, or not as it should: the file has to wait."""


async def find_virus(host: str, port: int, content: AsyncIterable[bytes]) -> str:
    """Return why a file is held, empty if it is clean; the content is sent as it comes.

    A file that the scanner refuses for its size (`StreamMaxLength`) is held as well: nobody knows
    what is in it.

    Raises:
        ScannerAwayError: No verdict came within two minutes.
    """
    answer = await _ask(
        host, port, lambda reader, writer: _send_file(reader, writer, content), within=_SCANNING
    )
    return _reason(answer)


async def read_version(host: str, port: int) -> ScannerVersion:
    """Return the version of a scanner and of its signatures.

    Raises:
        ScannerAwayError: No answer came within five seconds.
    """
    answer = await _ask(host, port, _request_version, within=_CONNECTING)
    if not answer.startswith(_PROGRAM):
        return ScannerVersion()
    # `ClamAV 1.4.3/27831/Sat Nov 28 09:05:43 2026`; without a database of ClamAV's only the first.
    program, _, database = answer.partition("/")
    return ScannerVersion(storable(program, _LONGEST_PROGRAM), _time_of(database.partition("/")[2]))


async def one_piece(content: bytes) -> AsyncIterator[bytes]:
    """Yield a content that is in memory."""
    yield content


async def _ask(host: str, port: int, talk: _Talk, *, within: float) -> str:
    """Return the scanner's answer without the NUL at its end."""
    try:
        async with asyncio.timeout(_CONNECTING):
            reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_ANSWER)
    except (OSError, TimeoutError) as error:
        raise ScannerAwayError(f"no virus scanner answers at {host}:{port}") from error
    try:
        async with asyncio.timeout(within):
            answer = await talk(reader, writer)
    except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
        raise ScannerAwayError(
            f"the virus scanner at {host}:{port} gave no answer in time, or none of clamd's"
        ) from error
    finally:
        writer.close()
    return answer[:-1].decode("utf-8", "replace")


async def _request_version(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(_TELL_VERSION)
    await writer.drain()
    return await reader.readuntil(b"\0")


async def _send_file(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: AsyncIterable[bytes]
) -> bytes:
    """Return the answer, which is read while the content is sent.

    A scanner that has enough answers, and closes before it has read everything.
    """
    answer = asyncio.create_task(reader.readuntil(b"\0"))
    try:
        writer.write(_SCAN)
        async for piece in content:
            for at in range(0, len(piece), _PIECE):
                if answer.done():
                    return answer.result()
                part = piece[at : at + _PIECE]
                writer.write(_LENGTH.pack(len(part)) + part)
                await _drain(writer)
        writer.write(_LENGTH.pack(0))
        await _drain(writer)
        return await answer
    finally:
        answer.cancel()


async def _drain(writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await writer.drain()
    # Without a moment for the loop, an error of writing would come before the answer is read.
    await asyncio.sleep(0)


def _reason(answer: str) -> str:
    said = answer.partition(": ")[2] if answer.startswith("stream: ") else answer
    if said == _CLEAN:
        return ""
    if said.endswith(_FOUND):
        return f"the virus scanner found {said.removesuffix(_FOUND)}"
    if "size limit exceeded" in said:
        return TOO_LARGE
    raise ScannerAwayError(f"the virus scanner could not scan: {said[:200]}")


def _time_of(words: str) -> datetime | None:
    """Return the time of signatures, which clamd tells in its own time zone: a day may be wrong."""
    try:
        return parsedate_to_datetime(words).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
