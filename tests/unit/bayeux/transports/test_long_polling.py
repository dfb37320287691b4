"""Requests whose clients have disconnected, and answers that pages may read."""

import asyncio

import pytest

from shared.bayeux import Answer, Principal
from shared.bayeux.transports.web import Scope
from tests.bayeux_lab import lab
from tests.unit.bayeux.fake_transport import run_due_callbacks
from tests.unit.bayeux.in_memory_client import InMemoryClient, InMemoryConnection

PAGE = "https://desk.example"


class GatedAuthenticator:
    """Authenticates clients while its gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()

    async def authenticate(self, scope: Scope) -> Principal | Answer:
        await self.gate.wait()
        return await lab.authenticate(scope)


async def give_up(connection: InMemoryConnection, authenticator: GatedAuthenticator) -> None:
    """Lose a client that was not let in yet, and let it in."""
    await run_due_callbacks()
    connection.connection.connection_lost(None)
    authenticator.gate.set()
    await run_due_callbacks()


@pytest.mark.parametrize("advice", [{}, {"timeout": 0}])
async def test_connect_aborted_before_admission_takes_no_events(
    advice: dict[str, int],
) -> None:
    authenticator = GatedAuthenticator()
    client = InMemoryClient(authenticate=authenticator.authenticate)
    await client.join()
    connect = client.message("/meta/connect")
    authenticator.gate.clear()
    given_up = InMemoryConnection(client.bayeux)
    given_up.headers["X-First"] = "1"
    given_up.send(connect | {"advice": advice})
    client.publish("news")

    await give_up(given_up, authenticator)
    event, _ = await client.exchange(connect)

    assert event["data"] == "news"


async def test_aborted_connect_does_not_replace_the_next() -> None:
    authenticator = GatedAuthenticator()
    client = InMemoryClient(authenticate=authenticator.authenticate)
    await client.join()
    connect = client.message("/meta/connect")
    client.send(connect)
    await run_due_callbacks()
    authenticator.gate.clear()
    given_up = InMemoryConnection(client.bayeux)
    given_up.headers["X-First"] = "1"
    given_up.send(connect)

    await give_up(given_up, authenticator)
    client.publish("news")
    head, (event, _) = await client.read()

    assert head.startswith("HTTP/1.1 200 ")
    assert event["data"] == "news"


async def test_disconnect_of_a_client_that_goes_is_heard() -> None:
    authenticator = GatedAuthenticator()
    client = InMemoryClient(authenticate=authenticator.authenticate)
    await client.join()
    connect = client.message("/meta/connect")
    authenticator.gate.clear()
    client.send(connect | {"channel": "/meta/disconnect"})

    await give_up(client, authenticator)

    assert client.bayeux.protocol.session(client.client_id or "") is None


@pytest.mark.parametrize("status", [405, 413, 500])
async def test_a_page_may_read_every_answer(status: int) -> None:
    client = InMemoryClient(max_body_bytes=1000, allowed_origins=frozenset({PAGE}))
    client.headers["Origin"] = PAGE
    await client.join()
    connect = client.message("/meta/connect")

    if status == 405:
        client.send(connect, method="PUT")
    elif status == 413:
        client.send(connect | {"id": "x" * 1000})
    else:
        client.send(connect)
        newer = InMemoryConnection(client.bayeux)
        newer.headers["Origin"] = PAGE
        newer.send(connect)

    head, _ = await client.read()
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert f"access-control-allow-origin: {PAGE}" in head


async def test_where_cookies_come_in_several_fields_each_counts() -> None:
    client = InMemoryClient()
    await client.join()
    connect = client.message("/meta/connect")
    client.headers["Cookie"] = "a=b\r\nCookie: BAYEUX_BROWSER=0123456789abcdef"

    [reply] = await client.exchange(connect | {"advice": {"timeout": 0}})

    assert reply["successful"]


@pytest.mark.parametrize("channel", ["/meta/subscribe", "/meta/unsubscribe"])
async def test_a_refusal_says_what_it_is_about(channel: str) -> None:
    client = InMemoryClient()

    [reply] = await client.exchange(
        {"channel": channel, "clientId": "x", "subscription": "/me/workbins"}
    )

    assert (reply["error"], reply["subscription"]) == ("402::session_unknown", "/me/workbins")
