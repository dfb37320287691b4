"""The client of ClamAV's clamd: its command INSTREAM."""

import asyncio
import struct
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import Final

from shared.domain.errors import Unavailable

TOO_LARGE: Final = "it is larger than the virus scanner takes"
_COMMAND: Final = b"zINSTREAM\0"
_LENGTH: Final = struct.Struct(">I")
_CONNECTING: Final = 5.0
_SCANNING: Final = 120.0
_PIECE: Final = 64 * 1024
_LONGEST_ANSWER: Final = 4_096
_FOUND: Final = " FOUND"
_CLEAN: Final = "OK"


class ScannerAwayError(Unavailable):
    """The scanner does not answer, or not as it should: the file has to wait."""


async def find_virus(host: str, port: int, content: AsyncIterable[bytes]) -> str:
    """Return why a file is held, empty if it is clean; the content is sent as it comes.

    A file that the scanner refuses for its size (`StreamMaxLength`) is held as well: nobody knows
    what is in it.

    Raises:
        ScannerAwayError: No verdict came within two minutes.
    """
    try:
        async with asyncio.timeout(_CONNECTING):
            reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_ANSWER)
    except (OSError, TimeoutError) as error:
        raise ScannerAwayError(f"no virus scanner answers at {host}:{port}") from error
    try:
        async with asyncio.timeout(_SCANNING):
            answer = await _exchange(reader, writer, content)
    except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
        raise ScannerAwayError(f"the virus scanner at {host}:{port} gave no verdict") from error
    finally:
        writer.close()
    return _reason(answer[:-1].decode("utf-8", "replace"))


async def one_piece(content: bytes) -> AsyncIterator[bytes]:
    """Yield a content that is in memory."""
    yield content


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: AsyncIterable[bytes]
) -> bytes:
    """Return the answer, which is read while the content is sent.

    A scanner that has enough answers, and closes before it has read everything.
    """
    answer = asyncio.create_task(reader.readuntil(b"\0"))
    try:
        writer.write(_COMMAND)
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
