"""Raw octets over TCP: answers, and ends of the connection."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.connected.bayeux.running_lab import RunningLab

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
UPGRADE = (
    b"GET /cometd HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@asynccontextmanager
async def line_to(
    lab: RunningLab,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    place = urlsplit(lab.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()


def statuses(answers: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)


@pytest.mark.parametrize("cut", [1, 30, 50, 70, 90])
async def test_an_offer_of_h2c_in_two_pieces_keeps_its_body(lab: RunningLab, cut: int) -> None:
    body = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"
    offer = b"POST /cometd HTTP/1.1\r\nHost: here\r\n" + H2C
    octets = offer + b"Content-Length: %d\r\n\r\n" % len(body) + body

    async with line_to(lab) as (reader, writer):
        # Once there is an answer, what came in one piece with its request has been read.
        writer.write(b"GET /cometd HTTP/1.1\r\nHost: here\r\n\r\n" + octets[:cut])
        before = await reader.readuntil(b"\r\n\r\n")
        writer.write(octets[cut:])
        answer = await reader.readuntil(b'Not authenticated"}')
        writer.write(b"GET /cometd HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        after = await reader.read()

    assert [statuses(one) for one in (before, answer, after)] == [[b"405"], [b"401"], [b"405"]]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Content-Length: 4\r\n\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"X: " + b"y" * 9_000 + b"\r\n\r\n", b"431"),
    ],
)
async def test_an_odd_socket_without_login_is_answered_and_closed(
    lab: RunningLab, fields: bytes, status: bytes
) -> None:
    async with line_to(lab) as (reader, writer):
        writer.write(UPGRADE + fields)

        answer = await reader.read()

    assert statuses(answer) == [status]


async def test_client_that_still_sends_can_read_its_refusal(lab: RunningLab) -> None:
    head = b"POST /cometd HTTP/1.1\r\nHost: here\r\nContent-Length: 100000000\r\n\r\n"

    async with line_to(lab) as (reader, writer):
        writer.write(head + b"x" * 8_000_000)
        answer = await reader.read()

    assert statuses(answer) == [b"413"]


async def test_unknown_client_is_not_asked_for_a_body(lab: RunningLab) -> None:
    head = (
        b"POST /cometd HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    )

    async with line_to(lab) as (reader, writer):
        writer.write(head)
        answer = await reader.read()

    assert statuses(answer) == [b"401"]


async def test_preface_of_http_2_is_refused_at_once(lab: RunningLab) -> None:
    async with line_to(lab) as (reader, writer):
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        answer = await reader.read()

    assert statuses(answer) == [b"505"]
