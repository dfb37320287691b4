"""CometD sessions end within seconds when their login is no longer valid."""

import asyncio
from typing import Any

import httpx2
import pytest

from shared.storage.agents import agent_login_store
from tests.support.bayeux_client import AT_ONCE, POLLING, PollingClient, open_socket
from tests.support.gateway import Gateway, hashed

pytestmark = pytest.mark.connected

CHANGES = [("disabled", {"enabled": False}), ("changed", {"password_hash": hashed("another")})]


async def change(gateway: Gateway, agent_id: str, fields: dict[str, Any]) -> None:
    """Write what `mailroom apply` writes into a login."""
    logins = gateway.backend.database[agent_login_store.COLLECTION]
    await logins.update_one({"_id": agent_id}, {"$set": fields})


async def connected(http: httpx2.AsyncClient) -> PollingClient:
    """Return a client whose next connect is held."""
    client = PollingClient(http)
    await client.handshake()
    await client.ask("/meta/connect", connectionType=POLLING, advice=AT_ONCE)
    return client


@pytest.mark.parametrize(("how", "fields"), CHANGES)
async def test_a_held_connect_ends(gateway: Gateway, how: str, fields: dict[str, Any]) -> None:
    name = f"poll-{how}"
    await gateway.add_agent(name)
    client = await gateway.client(name)
    held = asyncio.create_task((await connected(client)).ask("/meta/connect"))

    await change(gateway, name, fields)
    [reply] = await held

    assert reply["error"] == "401::login_revoked"
    assert reply["advice"]["reconnect"] == "none"
    assert (await client.get("/api/v2/me")).status_code == 401


@pytest.mark.parametrize(("how", "fields"), CHANGES)
async def test_a_socket_ends(gateway: Gateway, how: str, fields: dict[str, Any]) -> None:
    name = f"socket-{how}"
    await gateway.add_agent(name)
    client = await gateway.client(name)
    cookie = (await client.get("/api/v2/me")).cookies["JSESSIONID"]
    async with open_socket(gateway.url, {"Cookie": f"JSESSIONID={cookie}"}) as listening:
        await listening.handshake()

        await change(gateway, name, fields)
        await listening.socket.wait_closed()

    assert listening.socket.close_code == 1008


async def test_login_with_the_new_password_stays_open(gateway: Gateway) -> None:
    await gateway.add_agent("careful")
    old = await gateway.client("careful")
    held = asyncio.create_task((await connected(old)).ask("/meta/connect"))
    await change(gateway, "careful", {"password_hash": hashed("another")})
    await held
    new = await gateway.client()
    new.auth = httpx2.BasicAuth("careful", "another")

    [reply] = await (await connected(new)).ask("/meta/connect")

    assert reply["successful"] is True
