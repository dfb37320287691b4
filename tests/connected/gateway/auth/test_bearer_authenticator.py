"""Agents log in with a token of the configured issuer instead of a password."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tests.support.backend import Backend
from tests.support.bayeux_client import AT_ONCE, POLLING, WEBSOCKET, PollingClient, open_socket
from tests.support.gateway import Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

ISSUER = "https://login.example"
KEY = ECKey.generate_key("P-256", {"kid": "1"})


@asynccontextmanager
async def publishing_keys() -> AsyncIterator[str]:
    """Give the address of a JWKS document."""
    document = json.dumps(KeySet([KEY]).as_dict(private=False)).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + document)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"


@pytest.fixture
async def federated(backend: Backend, vhost_url: str, database_url: str) -> AsyncIterator[Gateway]:
    """A gateway that believes an issuer."""
    async with publishing_keys() as url:
        options = {"oidc_issuer": ISSUER, "oidc_audience": "mailroom", "oidc_jwks_url": url}
        async with running_gateway(backend, vhost_url, database_url, **options) as gateway:
            await gateway.add_agent("agent1")
            await gateway.add_agent("former", enabled=False)
            yield gateway


def token(gateway: Gateway, *, lasts: float = 300, key: ECKey = KEY, **changes: Any) -> str:
    """Return a token that ends, with the minute of grace, in `lasts` seconds."""
    now = gateway.backend.clock.now().timestamp()
    claims = {
        "iss": ISSUER,
        "aud": "mailroom",
        "exp": now + lasts - 60,
        "preferred_username": "agent1",
    }
    header = {"alg": "ES256", "kid": key.get("kid")}
    return jwt.encode(header, claims | changes, key, algorithms=["ES256"])


async def bearer(gateway: Gateway, text: str) -> httpx2.AsyncClient:
    return await gateway.client(headers={"Authorization": f"Bearer {text}"})


async def test_a_token_is_as_good_as_a_password_and_begins_no_session(federated: Gateway) -> None:
    agent1 = await bearer(federated, token(federated))

    read = await agent1.get("/api/v2/me")
    changed = await agent1.post("/api/v2/me/channels/email", json={"operationName": "Ready"})

    assert read.json()["user"]["userName"] == "agent1"
    assert (changed.status_code, changed.json()["statusCode"]) == (200, 0)
    assert "set-cookie" not in read.headers
    assert "x-csrf-token" not in read.headers


async def test_tokens_that_are_not_good_are_refused_alike(federated: Gateway) -> None:
    forger = ECKey.generate_key("P-256", {"kid": "1"})
    bad = [
        token(federated, key=forger),
        token(federated, lasts=0),
        token(federated, exp=10**3999),
        token(federated, nonce="n"),
        token(federated, aud="other"),
        token(federated, iss="https://evil.example"),
        token(federated, preferred_username="nobody"),
        token(federated, preferred_username="former"),
        token(federated, key=ECKey.generate_key("P-256", {"kid": "../../1"})),
        "x.y.z",
    ]

    answers = [await (await bearer(federated, text)).get("/api/v2/me") for text in bad]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert failure(20, answers[0].json())
    assert answers[0].headers["www-authenticate"].startswith("Bearer ")


async def test_a_held_connect_ends_with_its_token(federated: Gateway) -> None:
    agent1 = PollingClient(await bearer(federated, token(federated, lasts=1.5)))
    await agent1.handshake()
    await agent1.ask("/meta/connect", connectionType=POLLING, advice=AT_ONCE)

    [reply] = await agent1.ask("/meta/connect", connectionType=POLLING)

    assert reply["successful"] is False
    assert reply["error"] == "401::login_revoked"
    assert reply["advice"]["reconnect"] == "none"


async def test_a_socket_ends_with_its_token(federated: Gateway) -> None:
    headers = {"Authorization": f"Bearer {token(federated, lasts=1.5)}"}
    async with open_socket(federated.url, headers) as client:
        await client.handshake()
        await client.ask("/meta/connect", connectionType=WEBSOCKET)
        await client.send("/meta/connect", connectionType=WEBSOCKET)

        [last] = await client.receive()
        await client.socket.wait_closed()

    assert last["error"] == "401::login_revoked"
    assert client.socket.close_code == 1008


async def test_unreachable_issuer_is_answered_503(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    options = {
        "oidc_issuer": ISSUER,
        "oidc_audience": "mailroom",
        "oidc_jwks_url": "http://127.0.0.1:1/jwks",
    }
    async with running_gateway(backend, vhost_url, database_url, **options) as gateway:
        answer = await (await bearer(gateway, token(gateway))).get("/api/v2/me")

    assert answer.status_code == 503
    assert failure(4, answer.json())
