"""Gateway pods that die or are drained: clients go on at another one and miss nothing.

All tests share two pods, and start again what they have ended; each has agents of its own.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio

from shared.contracts.events import AgentReady
from shared.contracts.outgoing import wrap
from tests.aiocometd import PythonAgent
from tests.cometd_client.client import CometdAgent
from tests.connected.bayeux.proxies import proxy
from tests.connected.gateway.notifications.test_journal import reached
from tests.connected.gateway.process import Process, running
from tests.connected.sandboxes import SandboxPool
from tests.faye.agent import FayeAgent
from tests.support.backend import Backend, cause, open_prepared_backend
from tests.support.gateway import hashed
from tests.support.systems.breakable_link import BreakableLink

pytestmark = [pytest.mark.connected, pytest.mark.faults]

CHANNELS: Final = "/v2/me/channels"
TRANSPORTS: Final = ("long-polling", "websocket")
_EACH: Final = 150
_BEFORE: Final = 40
_DEATHS: Final = 2
_PATIENCE: Final = 60


async def announce(backend: Backend, agents: Sequence[str], times: int) -> None:
    """Let something happen to all agents, again and again."""
    for _ in range(times):
        now = backend.clock.now()
        await backend.publisher.publish_all(
            [wrap(AgentReady(agent_id=agent), cause(), now) for agent in agents]
        )


async def hear(desktop: CometdAgent, times: int) -> list[int]:
    """Return the positions of the next events, however long a client takes to come back."""
    return [(await desktop.event(timeout=_PATIENCE))["data"]["position"] for _ in range(times)]


@asynccontextmanager
async def desktops(url: str, agents: Sequence[str]) -> AsyncIterator[list[CometdAgent]]:
    """Official clients that acknowledge, and go on after the last position that they have heard.

    What was lost under way comes again because of the one, what a session took along because of
    the other.
    """
    opened = []
    try:
        for agent, transport in zip(agents, TRANSPORTS, strict=True):
            kind: Any = transport
            one = CometdAgent(
                f"{url}/cometd", agent, agent, transport=kind, acknowledge=True, replay=-2
            )
            opened.append(await one.__aenter__())
            await one.subscribe(CHANNELS)
        yield opened
    finally:
        for one in opened:
            await one.kill()


@dataclass
class Pods:
    """Two gateways, and what they work on."""

    backend: Backend
    both: list[Process]


@pytest_asyncio.fixture(scope="module")
async def running_pods(sandboxes: SandboxPool) -> AsyncIterator[Pods]:
    """Two gateways that a test may end, and whose remains are cleared away."""
    async with (
        sandboxes.borrow() as sandbox,
        open_prepared_backend(sandbox.rabbitmq_url, sandbox.database_url) as backend,
    ):
        both = [Process(sandbox.rabbitmq_url, sandbox.database_url) for _ in range(2)]
        for one in both:
            one.environment["GATEWAY_OWN_ADDRESS"] = "127.0.0.1"
        async with running(*both):
            yield Pods(backend, both)


@pytest.fixture
async def pods(running_pods: Pods) -> AsyncIterator[Pods]:
    """Two gateways that are up."""
    yield running_pods
    ended = [one for one in running_pods.both if one.has_ended]
    await asyncio.gather(*(one.start() for one in ended))


@pytest.fixture
async def agents(pods: Pods) -> list[str]:
    """Two agents to whom nothing has happened yet."""
    names = [f"agent{secrets.token_hex(4)}" for _ in TRANSPORTS]
    for name in names:
        await pods.backend.add_agent(name, password_hash=hashed(name))
    return names


@pytest.mark.parametrize("is_sticky", [True, False], ids=["sticky", "in turn"])
@pytest.mark.parametrize("kind", ["nginx", "haproxy"])
async def test_pods_die_in_turn_and_every_event_is_heard_once_in_order(
    pods: Pods, agents: list[str], kind: str, is_sticky: bool, tmp_path: Path
) -> None:
    heard: list[list[int]] = [[], []]
    async with (
        proxy(kind, [one.url for one in pods.both], tmp_path, is_sticky=is_sticky) as url,
        desktops(url, agents) as clients,
    ):
        for death in range(_DEATHS):
            happening = asyncio.create_task(announce(pods.backend, agents, _EACH))
            first = await asyncio.gather(*(hear(one, _BEFORE) for one in clients))
            await pods.both[death % 2].kill()
            rest = await asyncio.gather(*(hear(one, _EACH - _BEFORE) for one in clients))
            await happening
            await pods.both[death % 2].start()
            for number, positions in enumerate(heard):
                positions += [*first[number], *rest[number]]
        for one in clients:
            # Each has lost its session once at the least.
            await one.meta("handshake", lambda reply: reply["successful"])
            await one.meta("handshake", lambda reply: reply["successful"])

    assert heard == [list(range(1, _DEATHS * _EACH + 1))] * 2


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
@pytest.mark.parametrize(
    ("kind", "end"),
    [
        pytest.param(CometdAgent, Process.stop, id="official, drained"),
        pytest.param(FayeAgent, Process.kill, id="Faye, killed"),
        pytest.param(FayeAgent, Process.stop, id="Faye, drained"),
        # It takes the milliseconds of `interval` for seconds: asked to spread its return from a
        # drained pod it would come back, but up to 5000 seconds late.
        pytest.param(PythonAgent, Process.kill, id="aiocometd-ng, killed"),
    ],
)
async def test_a_client_goes_on_at_another_pod_and_misses_nothing(
    pods: Pods,
    agents: list[str],
    kind: type[CometdAgent],
    end: Callable[[Process], Awaitable[object]],
    transport: Any,
) -> None:
    first, second = pods.both
    agent = agents[0]
    async with (
        httpx2.AsyncClient(base_url=second.url, auth=(agent, agent), timeout=20) as rest,
        BreakableLink.opened(first.url, second.url) as link,
        kind(f"{link.url}/cometd", agent, agent, transport=transport, replay=-2) as client,
    ):
        await client.subscribe(CHANNELS)
        await client.meta("handshake", lambda reply: reply["successful"])
        await announce(pods.backend, [agent], 10)
        heard = await hear(client, 10)

        await end(first)
        # Nobody takes its place at once, so that something happens while the client is away.
        link.cut()
        await announce(pods.backend, [agent], 10)
        await reached(rest, 20)
        link.restore()
        heard += await hear(client, 10)
        # A new session, not the old one.
        await client.meta("handshake", lambda reply: reply["successful"], timeout=_PATIENCE)
        await announce(pods.backend, [agent], 10)
        heard += await hear(client, 10)

    assert heard == list(range(1, 31))


@pytest.mark.parametrize("kind", [CometdAgent, FayeAgent, PythonAgent])
@pytest.mark.parametrize("balancer", ["nginx", "haproxy"])
async def test_socket_opens_at_any_pod_after_a_handshake_by_request(
    pods: Pods, agents: list[str], balancer: str, kind: type[CometdAgent], tmp_path: Path
) -> None:
    agent = agents[0]
    before = sum([await number(one, "bayeux_handed_on_total") for one in pods.both])
    async with (
        proxy(balancer, [one.url for one in pods.both], tmp_path, is_sticky=False) as url,
        AsyncExitStack() as opened,
    ):
        clients = []
        # Of four in a row some open their sockets where they have shaken hands, some do not.
        for _ in range(4):
            client = kind(f"{url}/cometd", agent, agent, transport="websocket", replay=-2)
            clients.append(await opened.enter_async_context(client))
            await client.subscribe(CHANNELS)
        await announce(pods.backend, [agent], 20)
        heard = [await hear(client, 20) for client in clients]
        handed_on = sum([await number(one, "bayeux_handed_on_total") for one in pods.both])

    assert heard == [list(range(1, 21))] * 4
    # The official client shakes hands on its socket.
    assert (handed_on > before) == (kind is not CometdAgent)


async def number(pod: Process, name: str) -> float:
    """Return one of a pod's numbers for operators."""
    async with httpx2.AsyncClient() as operator:
        lines = (await operator.get(f"{pod.probes}/metrics")).text.splitlines()
    [value] = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")]
    return float(value)
