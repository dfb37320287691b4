"""The port of the probes, which whoever is in the cluster's network may reach."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx2
import pytest

from deploy.local.processes.ports import free_port
from shared.observability.probes import Health, serving_probes

_ATTACKER = "127.0.0.2"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    number = free_port()
    async with serving_probes(Health(), host="127.0.0.1", port=number):
        yield number


async def _half_open(stack: ExitStack, port: int, count: int) -> list[socket.socket]:
    """Connect and send the beginning of a head, many times."""
    made = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), source_address=(_ATTACKER, 0))
        stack.enter_context(one)
        one.setblocking(False)
        one.send(b"GET /live HTTP/1.1\r\nHost: he")
        made.append(one)
        await asyncio.sleep(0)
    return made


async def test_kubelet_is_answered_beside_half_open_heads(port: int) -> None:
    with ExitStack() as stack:
        await _half_open(stack, port, 300)
        async with httpx2.AsyncClient() as kubelet:
            answer = await kubelet.get(f"http://127.0.0.1:{port}/live")

    assert answer.json() == {"ok": True, "failing": []}


async def test_half_open_head_is_told_after_seconds_that_it_is_late(port: int) -> None:
    with ExitStack() as stack:
        (one,) = await _half_open(stack, port, 1)
        async with asyncio.timeout(20):
            said = await asyncio.get_running_loop().sock_recv(one, 100)

    assert said.startswith(b"HTTP/1.1 408 ")


async def test_upgrade_to_a_websocket_is_served_as_a_request(port: int) -> None:
    wish = (
        b"GET /live HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    writer.write(wish)
    answer = await reader.readline()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")
