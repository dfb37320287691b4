"""Every message about workbins, with all of its fields."""

from typing import Any

import pytest

from tests.contract.agent_desktop import TOPIC, WORKBINS, AgentDesktop
from tests.contract.shapes import (
    CUSTOMER,
    MOMENT,
    NUMBER,
    TextMatching,
    accepted,
    gone,
    heading,
    told,
)

pytestmark = [pytest.mark.connected, pytest.mark.journey]

PLACE = {
    "id": TextMatching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "workbinName": "email.in-progress",
}


def kept(interaction_id: str) -> dict[str, Any]:
    """Return a mail as an agent sees it who may take it out."""
    item = {
        **told(interaction_id, "InWorkbin"),
        "email_object": heading(interaction_id),
        "interactionType": "Email",
        "interactionSubType": "InboundNew",
        "userData": CUSTOMER,
        "currentQueue": "support",
        "receivedAt": MOMENT,
        "capabilities": ["PullInteraction"],
        "extendedCapabilities": [],
        "direction": "Inbound",
        "threadId": interaction_id,
    }
    del item["position"]
    return item


def changed(action: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageTypeName": "WorkbinStateChangeMessage",
        "messageType": "WorkbinStateChangeMessage",
        "action": action,
        **PLACE,
        "interactionId": item["id"],
        "interaction": item,
        "position": NUMBER,
    }


async def placed(desktop: AgentDesktop) -> str:
    interaction_id: str = (await desktop.accepted())["id"]
    answer = await desktop.do(interaction_id, "PlaceInWorkbin", workbin="email.in-progress")
    assert answer == {"status": "ok", "statusCode": 0}
    return interaction_id


async def test_placed_in_workbin(desktop: AgentDesktop) -> None:
    interaction_id = await placed(desktop)

    assert await desktop.hear("PlacedInWorkbin") == gone(interaction_id, "PlacedInWorkbin")
    assert await desktop.hear_on(WORKBINS) == changed("ItemAdded", kept(interaction_id))


async def test_workbin_content(desktop: AgentDesktop) -> None:
    interaction_id = await placed(desktop)
    await desktop.hear("PlacedInWorkbin")

    answer = await desktop.do("any", "GetWorkbinContent", workbin="email.in-progress")

    assert answer == {"status": "ok", "statusCode": 0}
    event = await desktop.cometd.event(
        lambda one: one["channel"] == TOPIC and "interactions" in one["data"]
    )
    assert event["data"] == {
        "messageTypeName": "WorkbinContentMessage",
        "messageType": "WorkbinContentMessage",
        "workbin": PLACE,
        "interactions": [kept(interaction_id)],
        "position": NUMBER,
    }


@pytest.mark.parametrize("name", ["PullInteraction", "Accept"])
async def test_accepted_out_of_a_workbin(desktop: AgentDesktop, name: str) -> None:
    interaction_id = await placed(desktop)
    await desktop.hear_on(WORKBINS)

    assert await desktop.do(interaction_id, name) == {"status": "ok", "statusCode": 0}

    assert await desktop.hear("Accepted") == accepted(interaction_id)
    item = gone(interaction_id, "InWorkbin")
    del item["position"]
    assert await desktop.hear_on(WORKBINS) == changed("ItemRemoved", item)
