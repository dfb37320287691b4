"""The CometD sessions of the journeys' agents, and the messages that they wait for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deploy.local.stack.system import System
from tests.cometd_client import CometdAgent

TOPIC = "/v2/me/interactions"


def in_state(state: str, interaction_id: str | None = None) -> Any:
    return lambda event: (
        event["data"].get("state") == state and interaction_id in (None, event["data"].get("id"))
    )


async def hear(cometd_agent: CometdAgent, state: str, interaction_id: str | None = None) -> Any:
    """Return the next message that shows an interaction in a state."""
    return (await cometd_agent.event(in_state(state, interaction_id)))["data"]


@asynccontextmanager
async def two_sessions(system: System) -> AsyncIterator[tuple[CometdAgent, CometdAgent]]:
    """Give the CometD sessions of agent1 and agent2, subscribed to their interactions."""
    url = f"{system.gateway_url}/cometd"
    async with (
        CometdAgent(url, "agent1", "agent1") as first,
        CometdAgent(url, "agent2", "agent2") as second,
    ):
        await first.subscribe(TOPIC)
        await second.subscribe(TOPIC)
        yield first, second
