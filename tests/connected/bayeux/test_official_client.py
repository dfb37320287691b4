"""The official JavaScript client at work."""

from typing import Literal

import pytest

from tests.cometd_client import CometdAgent
from tests.connected.bayeux.running_lab import RunningLab, running_lab

Transport = Literal["long-polling", "websocket"]

both_transports = pytest.mark.parametrize("transport", ["long-polling", "websocket"])


def agent_at(
    lab: RunningLab, agent: str, transport: Transport, *, acknowledge: bool = False
) -> CometdAgent:
    name = f"agent-{agent}"
    return CometdAgent(
        f"{lab.url}/cometd", name, name, transport=transport, acknowledge=acknowledge
    )


@both_transports
@pytest.mark.parametrize("acknowledge", [False, True])
async def test_it_gets_every_event_in_order(
    lab: RunningLab, transport: Transport, acknowledge: bool
) -> None:
    async with agent_at(lab, "30", transport, acknowledge=acknowledge) as agent:
        reply = await agent.subscribe("/v2/me/interactions")
        assert reply["successful"] is True

        for number in range(50):
            await lab.publish("30", {"number": number})

        heard = [(await agent.event())["data"]["number"] for _ in range(50)]
        assert heard == list(range(50))


@both_transports
async def test_it_goes_on_through_many_idle_connects(lab: RunningLab, transport: Transport) -> None:
    async with agent_at(lab, "31", transport) as agent:
        await agent.subscribe("/me/interactions/")

        for _ in range(3):
            await agent.meta("connect", lambda reply: reply["successful"])
        await lab.publish("31", "still here")

        assert (await agent.event())["channel"] == "/me/interactions/"


@both_transports
async def test_it_finds_out_how_slow_its_clock_is(lab: RunningLab, transport: Transport) -> None:
    hour = 3_600_000
    agent = CometdAgent(f"{lab.url}/cometd", "agent-35", "agent-35", transport=transport, slow=hour)
    async with agent:
        clock = await agent.server_clock()

        # Half of a way there and back is how far off it may be, and each number is rounded.
        assert abs(clock["offset"] - hour) <= clock["lag"] + 3


@both_transports
async def test_it_may_neither_publish_nor_listen_to_others(
    lab: RunningLab, transport: Transport
) -> None:
    async with agent_at(lab, "32", transport) as agent:
        published = await agent.publish("/v2/me/interactions", {"state": "Invited"})
        subscribed = await agent.subscribe("/v2/**")

        assert published["successful"] is False
        assert subscribed["successful"] is False


@both_transports
async def test_it_comes_back_by_itself_after_a_restart(transport: Transport) -> None:
    async with running_lab(TIMEOUT_MS="60000") as first:
        port = first.url.rpartition(":")[2]
        agent = agent_at(first, "33", transport)
        async with agent:
            await agent.subscribe("/v2/me/interactions")
            await agent.meta("subscribe")
            await first.stop()

            async with running_lab(TIMEOUT_MS="400", PORT=port) as second:
                await agent.meta("subscribe", lambda reply: reply["successful"])
                await second.publish("33", "after the restart")

                assert (await agent.event())["data"] == "after the restart"
                await agent.disconnect()


@both_transports
async def test_a_revoked_login_stops_it_for_good(transport: Transport) -> None:
    async with running_lab(TIMEOUT_MS="60000") as lab, agent_at(lab, "34", transport) as agent:
        await agent.subscribe("/v2/me/interactions")
        await lab.holds(1)

        await lab.revoke("34")
        refused = await agent.meta("connect", lambda reply: not reply["successful"])

        assert refused["advice"]["reconnect"] == "none"
        assert refused["error"] == "401::login_revoked"
        await agent.kill()
