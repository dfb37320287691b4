"""The client of clamd, before a scanner that answers as it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from deploy.local.processes.ports import free_port
from shared.scanning.clamd import (
    TOO_LARGE,
    ScannerAwayError,
    ScannerVersion,
    find_virus,
    one_piece,
    read_version,
)


@asynccontextmanager
async def answering(answer: bytes, *, reads: int = 2**20) -> AsyncIterator[tuple[int, bytearray]]:
    """Run a scanner that reads until the end of a file, or so many bytes, and answers."""
    taken = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(taken) < reads and not taken.endswith(bytes(4)):
            if not (piece := await reader.read(1024)):
                break
            taken.extend(piece)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], taken


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


async def test_pieces_are_sent_with_their_lengths() -> None:
    async with answering(b"stream: OK\0") as (port, taken):
        found = await find_virus("127.0.0.1", port, pieces(b"ab", b"", b"c"))

    assert found == ""
    assert bytes(taken) == b"zINSTREAM\0\0\0\0\x02ab\0\0\0\x01c\0\0\0\0"


async def test_virus_is_named() -> None:
    async with answering(b"stream: Win.Test.EICAR_HDB-1 FOUND\0") as (port, _):
        found = await find_virus("127.0.0.1", port, one_piece(b"x"))

    assert found == "the virus scanner found Win.Test.EICAR_HDB-1"


async def test_file_too_large_for_the_scanner_is_held() -> None:
    async with answering(b"INSTREAM size limit exceeded. ERROR\0", reads=1) as (port, _):
        found = await find_virus("127.0.0.1", port, pieces(*[bytes(100_000)] * 3))

    assert found == TOO_LARGE


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: OK",
        b"stream: Can't allocate memory ERROR\0",
        b"stream: \0",
        b"UNKNOWN COMMAND\0",
        b"a" * 5_000 + b"\0",
    ],
)
async def test_no_verdict_is_never_clean(answer: bytes) -> None:
    async with answering(answer) as (port, _):
        with pytest.raises(ScannerAwayError):
            await find_virus("127.0.0.1", port, one_piece(b"x"))


async def test_scanner_that_is_not_there_is_away() -> None:
    with pytest.raises(ScannerAwayError):
        await find_virus("127.0.0.1", free_port(), one_piece(b"x"))


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (
            b"ClamAV 1.4.3/27831/Sat Nov 28 09:05:43 2026\0",
            ScannerVersion("ClamAV 1.4.3", datetime(2026, 11, 28, 9, 5, 43, tzinfo=UTC)),
        ),
        (b"ClamAV 1.4.6\0", ScannerVersion("ClamAV 1.4.6")),
        (b"ClamAV 1.4.3/27831/Sat Nov 28 09:05:43 99999999999\0", ScannerVersion("ClamAV 1.4.3")),
        (b"ClamAV \x1b[2J1/2/\xff\0", ScannerVersion("ClamAV  [2J1")),
        (b"COMMAND UNAVAILABLE\0", ScannerVersion()),
    ],
)
async def test_version_and_time_of_signatures_are_read(
    answer: bytes, version: ScannerVersion
) -> None:
    async with answering(answer, reads=len(b"zVERSION\0")) as (port, taken):
        assert await read_version("127.0.0.1", port) == version

    assert bytes(taken) == b"zVERSION\0"


@pytest.mark.parametrize("answer", [b"", b"ClamAV 1.4.3", b"220 mail.example ESMTP\r\n"])
async def test_server_that_is_no_scanner_has_no_version(answer: bytes) -> None:
    async with answering(answer, reads=1) as (port, _):
        with pytest.raises(ScannerAwayError, match="or none of clamd's"):
            await read_version("127.0.0.1", port)
