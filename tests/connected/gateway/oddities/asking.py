"""How a desktop asks, and what it is answered where all is well."""

from contextlib import AsyncExitStack
from typing import Any

import httpx2

from tests.cometd_client.client import CometdAgent
from tests.support.gateway import Gateway

OK = {"status": "ok", "statusCode": 0}
ZERO = {"statusCode": 0, "status": "ok"}
TOPIC = "/v2/me/interactions"


async def seen(client: httpx2.AsyncClient, interaction_id: str) -> Any:
    """GET an interaction of one's own."""
    answer = await client.get(f"/api/v2/me/interactions/{interaction_id}")
    return answer.json()["interaction"]


async def listening(gateway: Gateway, stack: AsyncExitStack, *topics: str) -> CometdAgent:
    """Return agent1's official CometD client, subscribed to these topics."""
    agent = CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1")
    await stack.enter_async_context(agent)
    for topic in topics or (TOPIC,):
        assert (await agent.subscribe(topic))["successful"]
    return agent
