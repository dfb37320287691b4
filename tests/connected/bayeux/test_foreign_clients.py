"""Third-party clients: Faye (JavaScript) and aiocometd-ng (Python)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiocometd_ng.client import Client
from aiocometd_ng.constants import ConnectionType

from tests.aiocometd import PythonAgent
from tests.aiocometd.agent import Basic
from tests.cometd_client import CometdAgent
from tests.connected.bayeux.running_lab import RunningLab, running_lab
from tests.faye.agent import FayeAgent
from tests.support.bayeux_client import INTERACTIONS
from tests.support.systems.breakable_link import BreakableLink

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

both_transports = pytest.mark.parametrize("transport", ["long-polling", "websocket"])
foreign = pytest.mark.parametrize("kind", [FayeAgent, PythonAgent])
every_kind = pytest.mark.parametrize("kind", [CometdAgent, FayeAgent, PythonAgent])
every_end = pytest.mark.parametrize(
    "end", [RunningLab.stop, RunningLab.crash], ids=["stopped", "crashed"]
)


@asynccontextmanager
async def script(
    kind: type[CometdAgent], url: str, agent: str, transport: Any
) -> AsyncIterator[CometdAgent]:
    name = f"agent-{agent}"
    async with kind(f"{url}/cometd", name, name, transport=transport) as client:
        yield client


@foreign
@both_transports
async def test_a_foreign_client_hears_every_event_in_order(
    lab: RunningLab, kind: type[CometdAgent], transport: str
) -> None:
    async with script(kind, lab.url, "50", transport) as client:
        assert (await client.subscribe(INTERACTIONS))["successful"]

        for number in range(30):
            await lab.publish("50", number)

        assert [(await client.event())["data"] for _ in range(30)] == list(range(30))


@foreign
@both_transports
async def test_a_foreign_client_is_refused_what_is_not_its_own(
    lab: RunningLab, kind: type[CometdAgent], transport: str
) -> None:
    async with script(kind, lab.url, "51", transport) as client:
        reply = await client.subscribe("/v2/**")

        assert not reply["successful"]
        assert reply["error"].startswith("403")


@every_kind
@both_transports
async def test_a_client_comes_back_when_the_network_does(
    kind: type[CometdAgent], transport: str
) -> None:
    async with (
        running_lab(TIMEOUT_MS="2000") as lab,
        BreakableLink.opened(lab.url) as link,
        script(kind, link.url, "52", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await lab.holds(1)

        link.cut()
        await lab.holds(0)
        await lab.publish("52", "while it was away")
        link.restore()

        assert (await client.event())["data"] == "while it was away"


@foreign
@every_end
@both_transports
async def test_a_foreign_client_comes_back_after_a_restart(
    kind: type[CometdAgent], end: Callable[[RunningLab], Awaitable[None]], transport: str
) -> None:
    async with (
        # The Python client takes the milliseconds of `interval` for seconds.
        running_lab(TIMEOUT_MS="60000", DRAIN_SPREAD_MS="0") as first,
        script(kind, first.url, "53", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await first.holds(1)
        await end(first)

        port = first.url.rpartition(":")[2]
        async with running_lab(TIMEOUT_MS="400", PORT=port) as second:
            await second.has_listeners()
            await second.publish("53", "after the restart")

            assert (await client.event())["data"] == "after the restart"
            await client.disconnect()


@foreign
@every_end
@both_transports
async def test_a_foreign_client_goes_on_at_another_server(
    transport: str, kind: type[CometdAgent], end: Callable[[RunningLab], Awaitable[None]]
) -> None:
    """Without the replay extension it hears all that is new; `tests/faults/test_pods.py` has it."""
    async with (
        running_lab(TIMEOUT_MS="60000", DRAIN_SPREAD_MS="0") as first,
        running_lab(TIMEOUT_MS="2000") as second,
        BreakableLink.opened(first.url, second.url) as link,
        script(kind, link.url, "55", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await first.holds(1)
        await first.publish("55", "at the first")
        assert (await client.event())["data"] == "at the first"

        await end(first)
        await second.has_listeners()
        for number in range(10):
            await second.publish("55", number)

        assert [(await client.event())["data"] for _ in range(10)] == list(range(10))


@every_kind
@both_transports
async def test_a_client_that_does_not_read_is_bounded_and_starts_anew(
    kind: type[CometdAgent], transport: str
) -> None:
    async with (
        running_lab(TIMEOUT_MS="5000", MAX_QUEUED_EVENTS="20") as lab,
        script(kind, lab.url, "54", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await lab.holds(1)

        with client.frozen():
            while await lab.metric("bayeux_overflows_total") == 0:
                await lab.publish("54", "x" * 100_000)
                assert await lab.metric("bayeux_queued_events") <= 20
            # Its session has ended: nothing more is kept for it.
            await lab.publish("54", "x" * 100_000)
            assert await lab.metric("bayeux_queued_events") == 0
        await client.meta("handshake", lambda reply: reply["successful"])
        await client.meta("handshake", lambda reply: reply["successful"])
        await lab.has_listeners()
        await lab.publish("54", "anew")

        assert await client.event(lambda event: event["data"] == "anew")


@both_transports
async def test_python_client_that_takes_no_events_is_bounded_and_restarts(
    transport: str,
) -> None:
    """It stops reading by itself once a hundred events wait for its owner."""
    async with (
        running_lab(TIMEOUT_MS="5000", MAX_QUEUED_EVENTS="20") as lab,
        Client(
            # Its cookies are not for addresses that are numbers.
            f"{lab.url}/cometd".replace("127.0.0.1", "localhost"),
            ConnectionType(transport),
            # Its own limit fails since Python 3.10: it hands a loop to asyncio.wait_for.
            connection_timeout=0,
            auth=Basic("agent-64", "agent-64"),
        ) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await lab.holds(1)

        while await lab.metric("bayeux_overflows_total") == 0:
            await lab.publish("64", "x" * 100_000)
            assert await lab.metric("bayeux_queued_events") <= 20
        listening = asyncio.create_task(listen(client, until="anew"))
        await lab.has_listeners()
        await lab.publish("64", "anew")

        await listening


async def listen(client: Client, until: str) -> None:
    """Take all events up to a certain one."""
    async with asyncio.timeout(20):
        while (await client.receive())["data"] != until:
            pass
