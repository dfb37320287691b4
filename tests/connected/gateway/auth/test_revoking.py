"""CometD sessions end within seconds when their login is no longer valid."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
import websockets

from shared.storage.agents import agent_login_store
from tests.connected.gateway.auth.test_bearer_authenticator import HANDSHAKE
from tests.support.gateway import Gateway, hashed

pytestmark = pytest.mark.connected

CHANGES = [("disabled", {"enabled": False}), ("changed", {"password_hash": hashed("another")})]


async def change(gateway: Gateway, agent_id: str, fields: dict[str, Any]) -> None:
    """Write what `mailroom apply` writes into a login."""
    logins = gateway.backend.database[agent_login_store.COLLECTION]
    await logins.update_one({"_id": agent_id}, {"$set": fields})


async def connected(client: httpx2.AsyncClient) -> dict[str, str]:
    """Return the connect that this client goes on with."""
    welcome = (await client.post("/cometd/handshake", json=[HANDSHAKE])).json()[0]
    connect = {"channel": "/meta/connect", "clientId": welcome["clientId"]}
    connect["connectionType"] = "long-polling"
    await client.post("/cometd/connect", json=[connect | {"advice": {"timeout": 0}}])
    return connect


@pytest.mark.parametrize(("how", "fields"), CHANGES)
async def test_a_held_connect_ends(gateway: Gateway, how: str, fields: dict[str, Any]) -> None:
    name = f"poll-{how}"
    await gateway.add_agent(name)
    client = await gateway.client(name)
    connect = await connected(client)
    held = asyncio.create_task(client.post("/cometd/connect", json=[connect]))

    await change(gateway, name, fields)
    [reply] = (await held).json()

    assert reply["error"] == "401::login_revoked"
    assert reply["advice"]["reconnect"] == "none"
    assert (await client.get("/api/v2/me")).status_code == 401


@pytest.mark.parametrize(("how", "fields"), CHANGES)
async def test_a_socket_ends(gateway: Gateway, how: str, fields: dict[str, Any]) -> None:
    name = f"socket-{how}"
    await gateway.add_agent(name)
    client = await gateway.client(name)
    cookie = (await client.get("/api/v2/me")).cookies["JSESSIONID"]
    url = f"{gateway.url.replace('http', 'ws')}/cometd"
    async with websockets.connect(
        url, additional_headers={"Cookie": f"JSESSIONID={cookie}"}
    ) as socket:
        await socket.send(json.dumps([HANDSHAKE]))
        await socket.recv()

        await change(gateway, name, fields)
        await socket.wait_closed()

    assert socket.close_code == 1008


async def test_login_with_the_new_password_stays_open(gateway: Gateway) -> None:
    await gateway.add_agent("careful")
    old = await gateway.client("careful")
    held = asyncio.create_task(old.post("/cometd/connect", json=[await connected(old)]))
    await change(gateway, "careful", {"password_hash": hashed("another")})
    await held
    new = await gateway.client()
    new.auth = httpx2.BasicAuth("careful", "another")

    [reply] = (await new.post("/cometd/connect", json=[await connected(new)])).json()

    assert reply["successful"] is True
