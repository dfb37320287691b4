"""Clients that others wrote: Faye's (JavaScript) and aiocometd-ng (Python)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiocometd_ng.client import Client
from aiocometd_ng.constants import ConnectionType
from aiocometd_ng.extensions import AuthExtension

from tests.aiocometd import PythonAgent
from tests.cometd_client import CometdAgent
from tests.connected.bayeux.cable import Cable
from tests.connected.bayeux.running_lab import INTERACTIONS, RunningLab, running_lab
from tests.faye.agent import FayeAgent

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

both_transports = pytest.mark.parametrize("transport", ["long-polling", "websocket"])
every_script = pytest.mark.parametrize("kind", [CometdAgent, FayeAgent])


class Bearer(AuthExtension):
    """Sends a token with every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def authenticate(self) -> None:
        """Nothing has to be fetched."""

    async def outgoing(self, payload: object, headers: dict[str, str]) -> None:
        del payload
        headers["Authorization"] = f"Bearer {self._token}"

    async def incoming(self, payload: object, headers: object = None) -> None:
        del payload, headers


def python_client(url: str, agent: str, transport: str) -> Any:
    local = url.replace("127.0.0.1", "localhost")
    return Client(
        f"{local}/cometd",
        ConnectionType(transport),
        # Its own limit fails since Python 3.10: it hands a loop to asyncio.wait_for.
        connection_timeout=0,
        auth=Bearer(f"agent-{agent}"),
    )


@asynccontextmanager
async def script(
    kind: type[CometdAgent], url: str, agent: str, transport: Any
) -> AsyncIterator[CometdAgent]:
    name = f"agent-{agent}"
    async with kind(f"{url}/cometd", name, name, transport=transport) as client:
        yield client


async def heard(client: Any) -> Any:
    async with asyncio.timeout(20):
        return (await client.receive())["data"]


async def until(client: Any, last: str) -> None:
    """Take all events up to a certain one."""
    while await heard(client) != last:
        pass


@both_transports
async def test_fayes_client_hears_every_event_in_order(lab: RunningLab, transport: str) -> None:
    async with script(FayeAgent, lab.url, "50", transport) as client:
        assert (await client.subscribe(INTERACTIONS))["successful"]

        for number in range(30):
            await lab.publish("50", number)

        assert [(await client.event())["data"] for _ in range(30)] == list(range(30))


@both_transports
async def test_fayes_client_is_refused_what_is_not_its_own(lab: RunningLab, transport: str) -> None:
    async with script(FayeAgent, lab.url, "51", transport) as client:
        reply = await client.subscribe("/v2/**")

        assert reply == {"successful": False, "error": "403"}


@every_script
@both_transports
async def test_a_client_comes_back_when_the_network_does(
    kind: type[CometdAgent], transport: str
) -> None:
    async with (
        running_lab(TIMEOUT_MS="2000") as lab,
        Cable.laid(lab.url) as cable,
        script(kind, cable.url, "52", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await lab.holds(1)

        cable.cut()
        await lab.holds(0)
        await lab.publish("52", "while it was away")
        cable.mend()

        assert (await client.event())["data"] == "while it was away"


@both_transports
async def test_fayes_client_comes_back_after_a_restart(transport: str) -> None:
    async with (
        running_lab(TIMEOUT_MS="60000") as first,
        script(FayeAgent, first.url, "53", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await client.meta("subscribe")
        await first.stop()

        port = first.url.rpartition(":")[2]
        async with running_lab(TIMEOUT_MS="400", PORT=port) as second:
            await client.meta("subscribe", lambda reply: reply["successful"])
            await second.publish("53", "after the restart")

            assert (await client.event())["data"] == "after the restart"
            await client.disconnect()


@both_transports
async def test_a_python_client_hears_every_event_in_order(lab: RunningLab, transport: str) -> None:
    async with python_client(lab.url, "60", transport) as client:
        await client.subscribe(INTERACTIONS)

        for number in range(30):
            await lab.publish("60", number)

        assert [await heard(client) for _ in range(30)] == list(range(30))


@both_transports
async def test_a_python_client_comes_back_after_an_orderly_stop(transport: str) -> None:
    # It takes the milliseconds of `interval` for seconds, so that a spread return is a late one.
    async with running_lab(TIMEOUT_MS="60000", DRAIN_SPREAD_MS="0") as first:
        port = first.url.rpartition(":")[2]
        async with python_client(first.url, "63", transport) as client:
            await client.subscribe(INTERACTIONS)
            await first.holds(1)
            await first.stop()

            async with running_lab(TIMEOUT_MS="400", PORT=port) as second:
                await second.has_listeners()
                await second.publish("63", "after the restart")

                assert await heard(client) == "after the restart"


@both_transports
async def test_a_python_client_comes_back_after_a_crash(transport: str) -> None:
    async with running_lab(TIMEOUT_MS="60000") as first:
        port = first.url.rpartition(":")[2]
        async with python_client(first.url, "61", transport) as client:
            await client.subscribe(INTERACTIONS)
            await first.holds(1)
            await first.crash()

            async with running_lab(TIMEOUT_MS="400", PORT=port) as second:
                await second.has_listeners()
                await second.publish("61", "after the restart")

                assert await heard(client) == "after the restart"


@both_transports
async def test_a_python_client_comes_back_when_the_network_does(transport: str) -> None:
    async with (
        running_lab(TIMEOUT_MS="2000") as lab,
        Cable.laid(lab.url) as cable,
        python_client(cable.url, "62", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await lab.holds(1)

        cable.cut()
        await lab.holds(0)
        await lab.publish("62", "while it was away")
        cable.mend()

        assert await heard(client) == "while it was away"


@pytest.mark.parametrize("end", [RunningLab.stop, RunningLab.crash], ids=["stopped", "crashed"])
@pytest.mark.parametrize("kind", [FayeAgent, PythonAgent])
@both_transports
async def test_a_client_goes_on_at_another_server(
    transport: str, kind: type[CometdAgent], end: Callable[[RunningLab], Awaitable[None]]
) -> None:
    """Without the replay extension it hears all that is new; `tests/faults/test_pods.py` has it."""
    async with (
        # The Python client takes the milliseconds of `interval` for seconds.
        running_lab(TIMEOUT_MS="60000", DRAIN_SPREAD_MS="0") as first,
        running_lab(TIMEOUT_MS="2000") as second,
        Cable.laid(first.url, second.url) as cable,
        script(kind, cable.url, "55", transport) as client,
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


@both_transports
@pytest.mark.parametrize("kind", [CometdAgent, FayeAgent, PythonAgent])
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
async def test_a_python_client_whose_events_nobody_takes_is_bounded_and_starts_anew(
    transport: str,
) -> None:
    """It stops reading by itself once a hundred events wait for its owner."""
    async with (
        running_lab(TIMEOUT_MS="5000", MAX_QUEUED_EVENTS="20") as lab,
        python_client(lab.url, "64", transport) as client,
    ):
        await client.subscribe(INTERACTIONS)
        await lab.holds(1)

        while await lab.metric("bayeux_overflows_total") == 0:
            await lab.publish("64", "x" * 100_000)
            assert await lab.metric("bayeux_queued_events") <= 20
        listening = asyncio.create_task(until(client, "anew"))
        await lab.has_listeners()
        await lab.publish("64", "anew")

        await listening
