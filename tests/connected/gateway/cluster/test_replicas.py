"""A client may send each request, and open its websocket, at any pod."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import websockets

from services.gateway.notifications.topics import CHANNELS
from shared.contracts.events import AgentReady
from tests.support.gateway import Gateway, running_gateway

pytestmark = pytest.mark.connected

HANDSHAKE: dict[str, Any] = {
    "channel": "/meta/handshake",
    "version": "1.0",
    "supportedConnectionTypes": ["long-polling"],
}
UNKNOWN = "402::session_unknown"
AGAIN = {"reconnect": "handshake", "interval": 0}


@dataclass
class Wanderer:
    """A client with one session that asks whichever pod it is told to."""

    clients: list[httpx2.AsyncClient]
    client_id: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    async def post(self, pod: int, *messages: dict[str, Any], **options: Any) -> httpx2.Response:
        client = self.clients[pod]
        known = {"clientId": self.client_id} if self.client_id else {}
        client.cookies.update(self.cookies)
        answer = await client.post(
            "/cometd", json=[known | message for message in messages], **options
        )
        self.cookies |= dict(answer.cookies)
        return answer

    async def ask(self, pod: int, channel: str, **fields: Any) -> list[dict[str, Any]]:
        answer = await self.post(pod, {"channel": channel} | fields)
        assert answer.status_code == 200
        replies: list[dict[str, Any]] = answer.json()
        return replies

    async def join(self, pod: int, cluster: int, **handshake: Any) -> None:
        """Shake hands at one pod, subscribe and connect at another."""
        [welcome] = await self.ask(pod, **HANDSHAKE | handshake)
        self.client_id = welcome["clientId"]
        [subscribed] = await self.ask(cluster, "/meta/subscribe", subscription=CHANNELS)
        [connected] = await self.ask(cluster, "/meta/connect", advice={"timeout": 0})
        assert subscribed["successful"]
        assert connected["successful"]


@asynccontextmanager
async def another_pod(gateway: Gateway, **options: str) -> AsyncIterator[Gateway]:
    """Run one more pod of the same gateway."""
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, **options
    ) as running:
        yield running


@pytest_asyncio.fixture
async def pods(gateway: Gateway) -> AsyncIterator[list[Gateway]]:
    """Two pods that have just begun, so that the tests' clock has not left them behind."""
    async with another_pod(gateway) as one, another_pod(gateway) as other:
        yield [one, other]


@pytest.fixture
async def wanderer(pods: list[Gateway]) -> Wanderer:
    return Wanderer([await pod.client("agent1") for pod in pods])


async def test_lost_answer_is_repeated_to_acknowledging_client(
    gateway: Gateway, wanderer: Wanderer
) -> None:
    await wanderer.join(0, cluster=1, ext={"ack": True})
    waiting = asyncio.create_task(wanderer.ask(1, "/meta/connect", ext={"ack": 1}))
    await gateway.announce(AgentReady(agent_id="agent1"))
    lost, _ = await waiting

    again, *_ = await wanderer.ask(0, "/meta/connect", ext={"ack": 1})

    assert lost["channel"] == CHANNELS
    assert again == lost


async def test_client_gets_its_events_from_any_pod(gateway: Gateway, wanderer: Wanderer) -> None:
    await wanderer.join(0, cluster=1)
    heard = []
    for pod in (1, 0, 1, 0):
        waiting = asyncio.create_task(wanderer.ask(pod, "/meta/connect"))
        await gateway.announce(AgentReady(agent_id="agent1"))
        event, reply = await waiting
        heard.append((event["channel"], reply["channel"], reply["successful"]))

    assert heard == [(CHANNELS, "/meta/connect", True)] * 4


PASSWORD = {"Authorization": f"Basic {b64encode(b'agent1:agent1').decode()}"}


@dataclass
class Socket:
    """A client that has shaken hands by a request and opened a socket at another pod."""

    wire: websockets.ClientConnection
    client_id: str

    async def say(self, channel: str, **fields: Any) -> None:
        known = {"channel": channel, "clientId": self.client_id}
        await self.wire.send(json.dumps([known | fields]))

    async def told(self) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            messages: list[dict[str, Any]] = json.loads(await self.wire.recv())
        return messages

    async def ask(self, channel: str, **fields: Any) -> list[dict[str, Any]]:
        await self.say(channel, **fields)
        return await self.told()


@asynccontextmanager
async def socket_of(
    wanderer: Wanderer, url: str, *cookies: str, **headers: str
) -> AsyncIterator[Socket]:
    [welcome] = await wanderer.ask(0, **HANDSHAKE)
    shown = "; ".join(f"{name}={wanderer.cookies[name]}" for name in cookies)
    if shown:
        headers["Cookie"] = shown
    async with websockets.connect(
        f"{url.replace('http', 'ws', 1)}/cometd", additional_headers=headers
    ) as wire:
        yield Socket(wire, welcome["clientId"])


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        pytest.param(PASSWORD, ["JSESSIONID", "BAYEUX_BROWSER"], id="password and cookies"),
        pytest.param(PASSWORD, [], id="password"),
        # As pages do: they can send nothing else, and no token against forgery either.
        pytest.param({}, ["JSESSIONID", "BAYEUX_BROWSER"], id="cookies"),
    ],
)
async def test_socket_at_another_pod_continues_a_polling_session(
    gateway: Gateway,
    wanderer: Wanderer,
    pods: list[Gateway],
    headers: dict[str, str],
    cookies: list[str],
) -> None:
    async with socket_of(wanderer, pods[1].url, *cookies, **headers) as socket:
        [subscribed] = await socket.ask("/meta/subscribe", subscription=CHANNELS)
        [connected] = await socket.ask("/meta/connect", advice={"timeout": 0})
        await socket.say("/meta/connect", connectionType="websocket")
        heard = []
        for _ in range(3):
            await gateway.announce(AgentReady(agent_id="agent1"))
            heard += await socket.told()
        await socket.say("/meta/disconnect")
        parted = [*await socket.told(), *await socket.told()]

    assert subscribed["successful"]
    assert connected["successful"]
    assert [event["channel"] for event in heard] == [CHANNELS] * 3
    assert {reply["channel"] for reply in parted} == {"/meta/connect", "/meta/disconnect"}
    [gone] = await wanderer.ask(0, "/meta/connect", clientId=socket.client_id)
    assert gone["error"] == UNKNOWN


async def test_a_page_of_this_site_may_open_its_socket_at_another_pod(
    wanderer: Wanderer, pods: list[Gateway]
) -> None:
    url = pods[1].url
    async with socket_of(wanderer, url, **PASSWORD, Origin=url) as socket:
        [subscribed] = await socket.ask("/meta/subscribe", subscription=CHANNELS)

    assert subscribed["successful"]


async def test_socket_at_another_pod_cannot_use_another_users_session(
    wanderer: Wanderer, pods: list[Gateway]
) -> None:
    other = {"Authorization": f"Basic {b64encode(b'agent2:agent2').decode()}"}
    async with socket_of(wanderer, pods[1].url, "BAYEUX_BROWSER", **other) as socket:
        [refused] = await socket.ask("/meta/connect")

    assert refused["error"] == UNKNOWN


async def test_a_socket_ends_when_the_pod_of_its_session_stops(gateway: Gateway) -> None:
    async with another_pod(gateway) as staying, AsyncExitStack() as running:
        passing = await running.enter_async_context(another_pod(gateway))
        there = Wanderer([await passing.client("agent1")])
        async with socket_of(there, staying.url, **PASSWORD) as socket:
            await socket.ask("/meta/subscribe", subscription=CHANNELS)
            await socket.ask("/meta/connect", advice={"timeout": 0})
            await socket.say("/meta/connect")
            # What is said after it is answered, so the connect has arrived.
            await socket.ask("/meta/subscribe", subscription=CHANNELS)

            await running.aclose()

            [reply] = await socket.told()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.told()

    assert reply["advice"]["reconnect"] == "retry"
    assert reply["advice"]["interval"] >= 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_poll_that_is_given_up_leaves_its_event_for_the_next(
    gateway: Gateway, wanderer: Wanderer
) -> None:
    await wanderer.join(0, cluster=1)
    with pytest.raises(httpx2.ReadTimeout):
        await wanderer.post(1, {"channel": "/meta/connect"}, timeout=0.5)

    await gateway.announce(AgentReady(agent_id="agent1"))
    event, reply = await wanderer.ask(0, "/meta/connect")

    assert event["channel"] == CHANNELS
    assert reply["successful"] is True


async def test_a_session_whose_pod_has_gone_begins_anew(
    gateway: Gateway, wanderer: Wanderer
) -> None:
    async with another_pod(gateway) as passing:
        there = Wanderer([await passing.client("agent1"), wanderer.clients[0]])
        await there.join(0, cluster=1)

    [reply] = await there.ask(1, "/meta/connect")

    assert (reply["error"], reply["advice"]) == (UNKNOWN, AGAIN)


async def test_new_pod_is_found_by_all_concurrent_requests(
    gateway: Gateway, wanderer: Wanderer
) -> None:
    await wanderer.ask(0, "/meta/connect", clientId="0" * 48)
    async with another_pod(gateway) as new:
        there = Wanderer([await new.client("agent1"), wanderer.clients[0]])
        [welcome] = await there.ask(0, **HANDSHAKE)
        there.client_id = welcome["clientId"]

        answers = await asyncio.gather(
            *(there.ask(1, "/meta/unsubscribe", subscription=CHANNELS) for _ in range(5))
        )

    assert [reply["error"] for [reply] in answers] == ["403::unsubscribe_failed"] * 5


async def test_a_path_is_no_way_to_other_parts_of_a_pod(wanderer: Wanderer) -> None:
    await wanderer.join(0, cluster=1)
    client = wanderer.clients[1]

    answer = await client.post(
        "/cometd/%2e%2e/api/v2/me",
        json=[{"channel": "/meta/disconnect", "clientId": wanderer.client_id}],
    )

    assert [reply["successful"] for reply in answer.json()] == [True]


async def test_nobody_is_asked_twice_over(wanderer: Wanderer) -> None:
    await wanderer.join(0, cluster=1)

    answer = await wanderer.post(
        1, {"channel": "/meta/connect"}, headers={"X-Mailroom-Handed-On": "1"}
    )

    assert [reply["error"] for reply in answer.json()] == [UNKNOWN]


async def test_strangers_are_refused_where_they_ask(
    pods: list[Gateway], wanderer: Wanderer
) -> None:
    await wanderer.join(0, cluster=1)
    stranger = await pods[1].client()

    stranger.cookies["BAYEUX_BROWSER"] = wanderer.cookies["BAYEUX_BROWSER"]
    answer = await stranger.post(
        "/cometd", json=[{"channel": "/meta/connect", "clientId": wanderer.client_id}]
    )

    assert answer.status_code == 401


async def test_a_session_is_its_agents_at_every_pod(
    pods: list[Gateway], wanderer: Wanderer
) -> None:
    await wanderer.join(0, cluster=1)
    thief = Wanderer([await pods[1].client("agent2")], wanderer.client_id, wanderer.cookies)
    thief.cookies.pop("JSESSIONID", None)

    [reply] = await thief.ask(0, "/meta/connect")

    assert reply["error"] == UNKNOWN


async def test_a_pod_that_others_cannot_reach_keeps_its_clients(
    gateway: Gateway, wanderer: Wanderer
) -> None:
    async with another_pod(gateway, own_address="") as lonely:
        there = Wanderer([await lonely.client("agent1"), wanderer.clients[0]])
        await there.join(0, cluster=0)

        [reply] = await there.ask(1, "/meta/connect")

        assert (reply["error"], reply["advice"]) == (UNKNOWN, AGAIN)
