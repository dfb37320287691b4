"""An agent's preferences are kept for every machine, within bounds, and are nobody else's."""

from typing import Any

import httpx2
import pytest

from services.gateway.rest.resources.preferences import LARGEST
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

PATH = "/api/v2/me/preferences"


async def test_preferences_are_each_agents_own(
    agent1: httpx2.AsyncClient, gateway: Gateway
) -> None:
    agent2 = await gateway.client("agent2")
    chosen = {"keys": {"a.b": "$x", "": None}, "volume": 0.4, "language": "de"}

    stored = await agent1.put(PATH, json={"preferences": {"theme": "dark"}})
    again = await agent1.put(PATH, json={"preferences": chosen})
    mine, others = await agent1.get(PATH), await agent2.get(PATH)

    assert (stored.status_code, again.status_code) == (200, 200)
    assert mine.json() == {"statusCode": 0, "preferences": chosen}
    assert others.json() == {"statusCode": 0, "preferences": {}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"preferences": None},
        {"preferences": ["dark"]},
        {"preferences": {"text": "x" * LARGEST}},
        {"preferences": {"text": "ä" * (LARGEST // 2)}},
    ],
)
async def test_preferences_out_of_bounds_change_nothing(
    agent1: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    await agent1.put(PATH, json={"preferences": {"theme": "dark"}})

    refused = await agent1.put(PATH, json=body)

    assert refused.status_code == 400
    assert failure(10, refused.json())
    assert (await agent1.get(PATH)).json()["preferences"] == {"theme": "dark"}


async def test_endless_preferences_are_not_read(agent1: httpx2.AsyncClient) -> None:
    refused = await agent1.put(PATH, json={"preferences": {"text": "x" * (4 * LARGEST)}})

    assert refused.status_code == 413


async def test_full_preferences_are_kept(agent1: httpx2.AsyncClient) -> None:
    full = {"text": "\x00" * ((LARGEST - len('{"text":""}')) // 6)}

    stored = await agent1.put(PATH, json={"preferences": full})

    assert stored.status_code == 200
    assert (await agent1.get(PATH)).json()["preferences"] == full


async def test_stranger_has_no_preferences(gateway: Gateway) -> None:
    stranger = await gateway.client()

    answers = [await stranger.get(PATH), await stranger.put(PATH, json={"preferences": {}})]

    assert [one.status_code for one in answers] == [401, 401]
