"""Two agents, one mail after the other: the past of the first has no words of the second."""

import json

import pytest

from tests.contract.agent_desktop import TOPIC, AgentDesktop, DescribedAgent

pytestmark = [pytest.mark.connected, pytest.mark.journey]

SECRET = "Zugzwang"


async def test_past_of_a_transferred_draft_is_told_without_new_words(
    desktop: AgentDesktop, other_desktop: AgentDesktop
) -> None:
    draft = await desktop.create(interactionType="Outbound", interactionSubType="OutboundNew")
    await desktop.do(draft["id"], "Save", email_object={"text": "mine", "subject": "Ours"})
    await desktop.hear("ReplyCreated", draft["id"], "EmailSaved")
    await desktop.do(draft["id"], "Transfer", userName="agent2")
    handed_over = await desktop.hear("Transferred", draft["id"])
    await other_desktop.ready()
    await other_desktop.hear("Invited", draft["id"])
    await other_desktop.do(draft["id"], "Accept")
    await other_desktop.hear("ReplyCreated", draft["id"])
    rewritten = {"text": SECRET, "subject": SECRET, "bccAddress": f"{SECRET}@example.org"}
    await other_desktop.do(draft["id"], "Save", email_object=rewritten)
    await other_desktop.do(draft["id"], "AddComment", comment=SECRET)
    saved = await other_desktop.hear("ReplyCreated", draft["id"], "EmailSaved")

    since = draft["position"] - 1
    read = (await desktop.client.get(f"/api/v2/me/interactions/events?since={since}")).json()
    replaying = DescribedAgent(
        f"{desktop.system.gateway_url}/cometd", "agent1", "agent1", replay=since
    )
    async with replaying:
        await replaying.subscribe(TOPIC)
        replayed = [await replaying.event() for _ in read["events"]]

    assert saved["email_object"]["Text"] == SECRET
    assert SECRET not in json.dumps([read, replayed])
    told = [one["data"] for one in read["events"]]
    assert [one["data"] for one in replayed] == told
    assert [one["state"] for one in told] == ["ReplyCreated", "ReplyCreated", "Transferred"]
    assert [one["email_object"]["subject"] for one in told] == ["", "Ours", "Ours"]
    assert told[-1]["position"] == handed_over["position"]
    assert all(one["capabilities"] == [] for one in told)
