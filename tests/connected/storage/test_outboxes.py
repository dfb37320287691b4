"""Outboxes while the broker takes nothing: they have a bound, and nothing is written beyond it."""

from typing import Any
from unittest.mock import AsyncMock

import pytest

from shared.contracts.events import PropertiesUpdated
from shared.domain.errors import Unavailable
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.storage.interactions.interaction_store import Change
from tests.support.world import World, cause

pytestmark = pytest.mark.connected

OWED: list[dict[str, Any]] = [{"id": str(number)} for number in range(1_000)]


def updated(before: Interaction) -> Change:
    after = before.after(Operation.UPDATE_PROPERTIES, comment="x")
    return Change(after, [PropertiesUpdated.of(after, "agent1")])


async def test_an_agent_who_owes_too_much_is_told_to_wait(world: World) -> None:
    await world.hire("agent1")
    agents = world.database["agents"]
    await agents.update_one({"_id": "agent1"}, {"$set": {"outbox": OWED}})

    with pytest.raises(Unavailable):
        await world.agents.set_ready("agent1", ready=False)

    document = await world.newest("agents", "agent1")
    assert (len(document["outbox"]), document["ready"]) == (1_000, True)

    await agents.update_one({"_id": "agent1"}, {"$set": {"outbox": OWED[1:]}})
    await world.agents.set_ready("agent1", ready=False)
    assert not (await world.newest("agents", "agent1"))["ready"]


async def test_a_mail_that_owes_too_much_is_changed_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = await world.receive(state=State.ACCEPTED, owner_id="agent1")
    announce = AsyncMock()
    monkeypatch.setattr(world.interactions, "_announce", announce)
    await world.interactions.change(mail.id, cause(), updated)
    owed = (await world.newest("interactions", mail.id))["outbox"][-1:] * 1_000
    full = {"$set": {"outbox": owed}}
    await world.database["interactions"].update_one({"_id": mail.id}, full)

    with pytest.raises(Unavailable):
        await world.interactions.change(mail.id, cause(), updated)

    # What is owed is published anew, so that the next try finds room.
    assert len(announce.await_args_list[-1].args[1]) == 1_000
    assert len((await world.newest("interactions", mail.id))["outbox"]) == 1_000
