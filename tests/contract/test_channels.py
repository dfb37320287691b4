"""Every message about an agent's channel, with all of its fields."""

from typing import Any

import pytest

from tests.contract.agent_desktop import AgentDesktop
from tests.contract.shapes import NUMBER, TextMatching

pytestmark = [pytest.mark.connected, pytest.mark.journey]

CHANNELS = "/v2/me/channels"
READY = {
    "id": "9430250E-0A1B-421F-B372-F29E69366DED",
    "displayName": "Ready",
    "state": "Ready",
}
NOT_READY = {
    "id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
    "displayName": "Not Ready",
    "state": "NotReady",
}
OWN_ID = TextMatching(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def told(state: dict[str, Any]) -> dict[str, Any]:
    """Return the whole message of a state."""
    return {
        "messageType": "ChannelStateChangeMessageV2",
        "channels": [{"channel": "email", "userState": state}],
        "position": NUMBER,
    }


@pytest.fixture
async def listener(desktop: AgentDesktop) -> AgentDesktop:
    assert (await desktop.cometd.subscribe(CHANNELS))["successful"]
    return desktop


@pytest.mark.parametrize(
    ("path", "operation", "state"),
    [
        ("/me/channels/email", "Ready", READY),
        ("/me", "Ready", READY),
        (
            "/me/channels/email",
            "OutToLunch",
            {
                "id": OWN_ID,
                "displayName": "Out To Lunch",
                "state": "NotReady",
                "reason": "OutToLunch",
            },
        ),
        (
            "/me",
            "EndContactCenterSession",
            {"id": OWN_ID, "displayName": "Logged Out", "state": "LoggedOut"},
        ),
    ],
)
async def test_channel_state_changed(
    listener: AgentDesktop, path: str, operation: str, state: dict[str, Any]
) -> None:
    answer = await listener.client.post(f"/api/v2{path}", json={"operationName": operation})

    assert answer.json() == {"status": "ok", "statusCode": 0}
    assert await listener.hear_on(CHANNELS) == told(state)
    shown = await listener.client.get("/api/v2/me/channels?fields=*")
    assert shown.json()["channels"] == [{"channel": "email", "userState": state}]


async def test_channel_is_not_ready_again(listener: AgentDesktop) -> None:
    await listener.ready()
    await listener.ready(is_ready=False)

    assert await listener.hear_on(CHANNELS) == told(READY)
    assert await listener.hear_on(CHANNELS) == told(NOT_READY)
