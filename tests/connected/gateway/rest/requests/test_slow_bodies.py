"""A body that drips has an end wherever it is sent, and its client is told."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.gateway import Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

ME = "/api/v2/me"
LOGIN = b64encode(b"agent1:agent1").decode()


async def drip(gateway: Gateway, request: str, *fields: str) -> tuple[str, Mapping[str, Any]]:
    """Send a body octet by octet until there is an answer; return its head and its body."""
    there = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(there.hostname, there.port)
    lines = (
        f"{request} HTTP/1.1",
        f"Host: {there.netloc}",
        f"Authorization: Basic {LOGIN}",
        "Content-Type: application/json",
        "Content-Length: 100000",
        *fields,
    )
    writer.write("\r\n".join((*lines, "", "{")).encode())
    answer = asyncio.create_task(reader.read())
    async with asyncio.timeout(30):
        while not (await asyncio.wait([answer], timeout=0.05))[0]:
            writer.write(b" ")
    writer.close()
    head, _, body = (await answer).decode().partition("\r\n\r\n")
    return head, json.loads(body)


@pytest.mark.parametrize(
    ("request_line", "fields"),
    [
        (f"POST {ME}", ()),
        (f"POST {ME}", ("Idempotency-Key: one",)),
        (f"POST {ME}/interactions/unknown", ()),
        (f"PUT {ME}/preferences", ()),
    ],
)
async def test_body_that_drips_is_ended(
    gateway: Gateway, request_line: str, fields: tuple[str, ...]
) -> None:
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, upload_stall="PT0.3S"
    ) as small:
        await small.client("agent1")
        head, body = await drip(small, request_line, *fields)

    assert head.startswith("HTTP/1.1 408 ")
    assert "connection: close" in head.lower()
    assert failure(10, body)
