"""One agent's requests at the same time have a bound; colleagues do not notice it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.connected.gateway.rest.files.test_downloads import stored
from tests.connected.gateway.rest.mails.test_mail_pages import mail_with_pictures, picture_address
from tests.support.gateway import Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

ME = "/api/v2/me"
MORE_THAN_SOCKETS_HOLD = b"\x89PNG\r\n\x1a\n" + bytes(24_000_000)


@asynccontextmanager
async def narrow(gateway: Gateway, **options: str) -> AsyncIterator[Gateway]:
    """Give a gateway that lets each user have two requests at the same time."""
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, requests_per_user="2", **options
    ) as running:
        yield running


@asynccontextmanager
async def connected(
    gateway: Gateway,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a connection that is closed at the end."""
    there = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(there.hostname, there.port)
    try:
        yield reader, writer
    finally:
        writer.close()


@asynccontextmanager
async def slow_requests(gateway: Gateway, path: str, kind: str, count: int) -> AsyncIterator[None]:
    """Let agent1 have requests that are read, and of whose bodies nothing comes."""
    password = b64encode(b"agent1:agent1").decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(gateway.url).netloc}\r\n"
        f"Authorization: Basic {password}\r\nContent-Type: {kind}\r\n"
        "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    )
    async with AsyncExitStack() as stack:
        for _ in range(count):
            reader, writer = await stack.enter_async_context(connected(gateway))
            writer.write(head.encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        yield


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (ME, "application/json"),
        (f"{ME}/interactions/%s", "application/json"),
        (f"{ME}/interactions/%s/attachments", "multipart/form-data; boundary=XYZ"),
    ],
)
async def test_slow_requests_of_one_agent_leave_others_alone(
    gateway: Gateway, path: str, kind: str
) -> None:
    draft = await gateway.drafted()
    async with narrow(gateway) as small:
        mine, theirs = await small.client("agent1"), await small.client("agent2")
        whole = path.replace("%s", draft.id)
        async with slow_requests(small, whole, kind, 2):
            third = await mine.get(ME)
            changing = await mine.post(ME, json={"operationName": "EndContactCenterSession"})
            colleague = await theirs.get(ME)

    assert [third.status_code, changing.status_code] == [429, 429]
    assert third.headers["retry-after"] == "1"
    assert failure(4, third.json())
    assert "2 requests at the same time" in third.json()["statusMessage"]
    assert colleague.status_code == 200


async def test_place_of_a_client_that_left_is_free(gateway: Gateway) -> None:
    async with narrow(gateway) as small:
        mine = await small.client("agent1")
        async with slow_requests(small, ME, "application/json", 2):
            assert (await mine.get(ME)).status_code == 429
        async with asyncio.timeout(30):
            while (await mine.get(ME)).status_code == 429:  # noqa: ASYNC110 - the server hears it
                await asyncio.sleep(0)


async def test_refusal_has_status_200_where_all_have(gateway: Gateway) -> None:
    async with narrow(gateway, http_errors="always-200") as small:
        mine = await small.client("agent1")
        async with slow_requests(small, ME, "application/json", 2):
            third = await mine.get(ME)

    assert third.status_code == 200
    assert third.headers["retry-after"] == "1"
    assert failure(4, third.json())


async def test_downloads_that_nobody_reads_are_bounded(gateway: Gateway) -> None:
    address = await stored(gateway, MORE_THAN_SOCKETS_HOLD)
    async with narrow(gateway) as small:
        mine = await small.client("agent1")
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(mine.stream("GET", address))
            third = await mine.get(ME)

    assert third.status_code == 429


async def test_signed_downloads_of_one_mail_are_bounded(gateway: Gateway) -> None:
    mail = await mail_with_pictures(gateway, MORE_THAN_SOCKETS_HOLD)
    async with narrow(gateway) as small:
        mine, stranger = await small.client("agent1"), await small.client()
        address = await picture_address(mine, mail)
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(stranger.stream("GET", address))
            third, reader = await stranger.get(address), await mine.get(ME)

    assert third.status_code == 429
    assert failure(4, third.json())
    assert reader.status_code == 200
