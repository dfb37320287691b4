"""A client may send each request, and open its websocket, at any pod."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http.cookiejar import CookieJar
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import websockets

from services.gateway.notifications.topics import CHANNELS
from shared.contracts.events import AgentReady
from tests.support.backend import CENTER
from tests.support.bayeux_client import (
    AT_ONCE,
    BayeuxSession,
    PollingClient,
    SocketClient,
    open_socket,
)
from tests.support.gateway import Gateway, running_gateway

pytestmark = pytest.mark.connected

UNKNOWN = "402::session_unknown"
AGAIN = {"reconnect": "handshake", "interval": 0}


class RoamingClient:
    """A client with one session that asks whichever pod it is told to."""

    def __init__(self, https: Sequence[httpx2.AsyncClient]) -> None:
        self.session = BayeuxSession()
        self.cookies = CookieJar()
        for http in https:
            http.cookies = self.cookies
        self.at = [PollingClient(http, session=self.session) for http in https]

    async def join(self, pod: int, then: int, **fields: Any) -> None:
        """Shake hands at one pod, subscribe and connect at another."""
        await self.at[pod].handshake(**fields)
        subscribed = await self.at[then].subscribe(CHANNELS)
        [connected] = await self.at[then].ask("/meta/connect", advice=AT_ONCE)
        assert subscribed["successful"]
        assert connected["successful"]

    def cookie(self, name: str) -> str:
        """Return the value of a cookie."""
        return next(one.value or "" for one in self.cookies if one.name == name)


@asynccontextmanager
async def another_pod(gateway: Gateway, **options: str) -> AsyncIterator[Gateway]:
    """Run one more pod of the same gateway."""
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, **options
    ) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def pods(shared_gateway: Gateway) -> AsyncIterator[list[Gateway]]:
    """Two pods for all tests of this file."""
    await shared_gateway.clear()
    await shared_gateway.describe(CENTER)
    for agent in ("agent1", "agent2"):
        await shared_gateway.add_agent(agent, logged_in=True)
    async with another_pod(shared_gateway) as one, another_pod(shared_gateway) as other:
        yield [one, other]


@pytest.fixture
def gateway(shared_gateway: Gateway, pods: list[Gateway]) -> Gateway:
    """The gateway of two agents. Its clock stands still: pods end that do not renew in time."""
    del pods
    return shared_gateway


@pytest.fixture
async def roaming(pods: list[Gateway]) -> RoamingClient:
    return RoamingClient([await pod.client("agent1") for pod in pods])


async def test_lost_answer_is_repeated_to_acknowledging_client(
    gateway: Gateway, roaming: RoamingClient
) -> None:
    await roaming.join(0, then=1, ext={"ack": True})
    waiting = asyncio.create_task(roaming.at[1].ask("/meta/connect", ext={"ack": 1}))
    await gateway.announce(AgentReady(agent_id="agent1"))
    lost, _ = await waiting

    again, *_ = await roaming.at[0].ask("/meta/connect", ext={"ack": 1})

    assert lost["channel"] == CHANNELS
    assert again == lost


async def test_client_gets_its_events_from_any_pod(
    gateway: Gateway, roaming: RoamingClient
) -> None:
    await roaming.join(0, then=1)
    heard = []
    for pod in (1, 0, 1, 0):
        waiting = asyncio.create_task(roaming.at[pod].ask("/meta/connect"))
        await gateway.announce(AgentReady(agent_id="agent1"))
        event, reply = await waiting
        heard.append((event["channel"], reply["channel"], reply["successful"]))

    assert heard == [(CHANNELS, "/meta/connect", True)] * 4


PASSWORD = {"Authorization": f"Basic {b64encode(b'agent1:agent1').decode()}"}


@asynccontextmanager
async def socket_of(
    roaming: RoamingClient, url: str, *cookies: str, **headers: str
) -> AsyncIterator[SocketClient]:
    """Shake hands by a request, and open a socket at another pod."""
    await roaming.at[0].handshake()
    if shown := "; ".join(f"{name}={roaming.cookie(name)}" for name in cookies):
        headers["Cookie"] = shown
    async with open_socket(url, headers, roaming.session) as socket:
        yield socket


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
    roaming: RoamingClient,
    pods: list[Gateway],
    headers: dict[str, str],
    cookies: list[str],
) -> None:
    async with socket_of(roaming, pods[1].url, *cookies, **headers) as socket:
        [subscribed] = await socket.ask("/meta/subscribe", subscription=CHANNELS)
        [connected] = await socket.ask("/meta/connect", advice={"timeout": 0})
        await socket.send("/meta/connect", connectionType="websocket")
        heard = []
        for _ in range(3):
            await gateway.announce(AgentReady(agent_id="agent1"))
            heard += await socket.receive()
        await socket.send("/meta/disconnect")
        parted = [*await socket.receive(), *await socket.receive()]

    assert subscribed["successful"]
    assert connected["successful"]
    assert [event["channel"] for event in heard] == [CHANNELS] * 3
    assert {reply["channel"] for reply in parted} == {"/meta/connect", "/meta/disconnect"}
    [gone] = await roaming.at[0].ask("/meta/connect", clientId=socket.client_id)
    assert gone["error"] == UNKNOWN


async def test_a_page_of_this_site_may_open_its_socket_at_another_pod(
    roaming: RoamingClient, pods: list[Gateway]
) -> None:
    url = pods[1].url
    async with socket_of(roaming, url, **PASSWORD, Origin=url) as socket:
        [subscribed] = await socket.ask("/meta/subscribe", subscription=CHANNELS)

    assert subscribed["successful"]


async def test_socket_at_another_pod_cannot_use_another_users_session(
    roaming: RoamingClient, pods: list[Gateway]
) -> None:
    other = {"Authorization": f"Basic {b64encode(b'agent2:agent2').decode()}"}
    async with socket_of(roaming, pods[1].url, "BAYEUX_BROWSER", **other) as socket:
        [refused] = await socket.ask("/meta/connect")

    assert refused["error"] == UNKNOWN


async def test_a_socket_ends_when_the_pod_of_its_session_stops(gateway: Gateway) -> None:
    async with another_pod(gateway) as staying, AsyncExitStack() as running:
        passing = await running.enter_async_context(another_pod(gateway))
        there = RoamingClient([await passing.client("agent1")])
        async with socket_of(there, staying.url, **PASSWORD) as socket:
            await socket.ask("/meta/subscribe", subscription=CHANNELS)
            await socket.ask("/meta/connect", advice={"timeout": 0})
            await socket.send("/meta/connect")
            # What is said after it is answered, so the connect has arrived.
            await socket.ask("/meta/subscribe", subscription=CHANNELS)

            await running.aclose()

            [reply] = await socket.receive()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.receive()

    assert reply["advice"]["reconnect"] == "retry"
    assert reply["advice"]["interval"] >= 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_poll_that_is_given_up_leaves_its_event_for_the_next(
    gateway: Gateway, roaming: RoamingClient
) -> None:
    await roaming.join(0, then=1)
    with pytest.raises(httpx2.ReadTimeout):
        await roaming.at[1].post(roaming.at[1].message("/meta/connect"), timeout=0.5)

    await gateway.announce(AgentReady(agent_id="agent1"))
    event, reply = await roaming.at[0].ask("/meta/connect")

    assert event["channel"] == CHANNELS
    assert reply["successful"] is True


async def test_a_session_whose_pod_has_gone_begins_anew(
    gateway: Gateway, roaming: RoamingClient
) -> None:
    async with another_pod(gateway) as passing:
        there = RoamingClient([await passing.client("agent1"), roaming.at[0].http])
        await there.join(0, then=1)

    [reply] = await there.at[1].ask("/meta/connect")

    assert (reply["error"], reply["advice"]) == (UNKNOWN, AGAIN)


async def test_new_pod_is_found_by_all_concurrent_requests(
    gateway: Gateway, roaming: RoamingClient
) -> None:
    await roaming.at[0].ask("/meta/connect", clientId="0" * 48)
    async with another_pod(gateway) as new:
        there = RoamingClient([await new.client("agent1"), roaming.at[0].http])
        await there.at[0].handshake()

        answers = await asyncio.gather(
            *(there.at[1].ask("/meta/unsubscribe", subscription=CHANNELS) for _ in range(5))
        )

    assert [reply["error"] for [reply] in answers] == ["403::unsubscribe_failed"] * 5


async def test_a_path_is_no_way_to_other_parts_of_a_pod(roaming: RoamingClient) -> None:
    await roaming.join(0, then=1)
    client = roaming.at[1].http

    answer = await client.post(
        "/cometd/%2e%2e/api/v2/me",
        json=[{"channel": "/meta/disconnect", "clientId": roaming.session.client_id}],
    )

    assert [reply["successful"] for reply in answer.json()] == [True]


async def test_forwarded_request_is_not_forwarded_again(roaming: RoamingClient) -> None:
    await roaming.join(0, then=1)

    connect = roaming.at[1].message("/meta/connect")
    answer = await roaming.at[1].post(connect, headers={"X-Mailroom-Handed-On": "1"})

    assert [reply["error"] for reply in answer.json()] == [UNKNOWN]


async def test_strangers_are_refused_where_they_ask(
    pods: list[Gateway], roaming: RoamingClient
) -> None:
    await roaming.join(0, then=1)
    stranger = await pods[1].client()

    stranger.cookies["BAYEUX_BROWSER"] = roaming.cookie("BAYEUX_BROWSER")
    answer = await stranger.post(
        "/cometd", json=[{"channel": "/meta/connect", "clientId": roaming.session.client_id}]
    )

    assert answer.status_code == 401


async def test_a_session_is_its_agents_at_every_pod(
    pods: list[Gateway], roaming: RoamingClient
) -> None:
    await roaming.join(0, then=1)
    stolen = {"BAYEUX_BROWSER": roaming.cookie("BAYEUX_BROWSER")}
    thief = PollingClient(await pods[1].client("agent2", cookies=stolen), session=roaming.session)

    [reply] = await thief.ask("/meta/connect")

    assert reply["error"] == UNKNOWN


async def test_a_pod_that_others_cannot_reach_keeps_its_clients(
    gateway: Gateway, roaming: RoamingClient
) -> None:
    async with another_pod(gateway, own_address="") as lonely:
        there = RoamingClient([await lonely.client("agent1"), roaming.at[0].http])
        await there.join(0, then=0)

        [reply] = await there.at[1].ask("/meta/connect")

        assert (reply["error"], reply["advice"]) == (UNKNOWN, AGAIN)
