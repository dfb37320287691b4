"""A desktop misses nothing, even if it reads nothing until its session is ended."""

import pytest

from shared.bayeux import BayeuxSettings
from shared.contracts.events import AgentReady
from shared.contracts.outgoing import wrap
from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.notifications.test_journal import CHANNELS, newest, positions, reached
from tests.support.backend import cause
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected


async def test_desktop_that_does_not_read_goes_on_where_it_stopped(gateway: Gateway) -> None:
    agent1 = await gateway.client("agent1")
    since = await newest(agent1)
    # More than fit into its queue and into the one answer that waits to be read.
    more = BayeuxSettings().max_queued_events + 500
    async with CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1", replay=-1) as desktop:
        await desktop.subscribe(CHANNELS)
        await desktop.meta("handshake", lambda reply: reply["successful"])

        with desktop.frozen():
            for _ in range(0, more, 50):
                event = AgentReady(agent_id="agent1")
                await gateway.backend.publisher.publish_all(
                    [wrap(event, cause(), gateway.backend.clock.now()) for _ in range(50)]
                )
            await reached(agent1, since + more)
        await desktop.meta("handshake", lambda reply: reply["successful"])

        assert await positions(desktop, more) == list(range(since + 1, since + more + 1))
