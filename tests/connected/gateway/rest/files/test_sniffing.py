"""Each answer has one `X-Content-Type-Options: nosniff`."""

from typing import Any

import httpx2
import pytest
import websockets
from websockets.exceptions import InvalidStatus

from tests.support.bayeux_client import HANDSHAKE
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

FOREIGN = {"Origin": "https://evil.example"}


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/api/v2/me", {}, 200),
        ("GET", "/api/v2/docs", {}, 200),
        ("GET", "/api/v2/nothing", {}, 404),
        ("OPTIONS", "/api/v2/me", {}, 204),
        ("POST", "/cometd", {"json": [HANDSHAKE]}, 200),
        ("POST", "/cometd", {"content": b"{"}, 400),
        ("POST", "/cometd", {"json": [HANDSHAKE], "auth": ("agent1", "wrong")}, 401),
        ("POST", "/cometd", {"json": [HANDSHAKE], "headers": FOREIGN}, 403),
        ("GET", "/cometd", {}, 405),
        ("POST", "/cometd", {"content": b"x" * 100_000}, 413),
        ("OPTIONS", "/cometd", {}, 200),
    ],
)
async def test_every_answer_says_that_its_type_counts(
    agent1: httpx2.AsyncClient, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    answer = await agent1.request(method, path, **options)

    assert answer.status_code == status
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_a_refused_socket_says_that_its_type_counts(gateway: Gateway) -> None:
    url = f"{gateway.url.replace('http', 'ws')}/cometd"

    with pytest.raises(InvalidStatus) as refused:
        async with websockets.connect(url):
            pass

    assert refused.value.response.headers.get_all("x-content-type-options") == ["nosniff"]
