"""Documents of other servers are read as they come: nothing in them is unpacked."""

import asyncio
import gzip

import pytest

from services.gateway.http.documents import DocumentUnavailableError, read_document

AT_MOST = 1_000


async def read(body: bytes, *headers: bytes) -> tuple[bytes, bytes]:
    """Return what is read of an answer, and the head of the request."""
    asked = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(b"\r\n\r\n")
        length = b"Content-Length: %d" % len(body)
        writer.write(b"\r\n".join([b"HTTP/1.1 200 OK", length, *headers, b"", body]))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        return await read_document(f"http://127.0.0.1:{port}/", at_most=AT_MOST), asked


async def test_document_is_asked_for_and_read_plainly() -> None:
    text, asked = await read(b'{"keys":[]}')

    assert text == b'{"keys":[]}'
    assert b"accept-encoding: identity" in asked.lower()


async def test_packed_document_is_refused_unpacked() -> None:
    with pytest.raises(DocumentUnavailableError, match="packed"):
        await read(gzip.compress(b"[" * 500), b"Content-Encoding: gzip")


async def test_document_that_is_too_large_is_refused() -> None:
    with pytest.raises(DocumentUnavailableError, match="more than 1000 bytes"):
        await read(b"[" * (AT_MOST + 1))
