"""Outboxes while the broker takes nothing: they have a bound, and nothing is written beyond it."""

from typing import Any
from unittest.mock import AsyncMock

import pytest

from shared.contracts.events import PropertiesUpdated
from shared.domain.errors import Unavailable
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.storage.interactions.interaction_store import Change
from tests.support.backend import Backend, cause

pytestmark = pytest.mark.connected

OWED: list[dict[str, Any]] = [{"id": str(number)} for number in range(1_000)]


def updated(before: Interaction) -> Change:
    after = before.after(Operation.UPDATE_PROPERTIES, comment="x")
    return Change(after, [PropertiesUpdated.of(after, "agent1")])


async def test_an_agent_who_owes_too_much_is_told_to_wait(backend: Backend) -> None:
    await backend.add_agent("agent1")
    agents = backend.database["agents"]
    await agents.update_one({"_id": "agent1"}, {"$set": {"outbox": OWED}})

    with pytest.raises(Unavailable):
        await backend.agents.set_ready("agent1", ready=False)

    document = await backend.newest("agents", "agent1")
    assert (len(document["outbox"]), document["ready"]) == (1_000, True)

    await agents.update_one({"_id": "agent1"}, {"$set": {"outbox": OWED[1:]}})
    await backend.agents.set_ready("agent1", ready=False)
    assert not (await backend.newest("agents", "agent1"))["ready"]


async def test_a_mail_that_owes_too_much_is_changed_later(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = await backend.add_mail(state=State.ACCEPTED, owner_id="agent1")
    announce = AsyncMock()
    monkeypatch.setattr(backend.interactions, "_announce", announce)
    await backend.interactions.change(mail.id, cause(), updated)
    owed = (await backend.newest("interactions", mail.id))["outbox"][-1:] * 1_000
    full = {"$set": {"outbox": owed}}
    await backend.database["interactions"].update_one({"_id": mail.id}, full)

    with pytest.raises(Unavailable):
        await backend.interactions.change(mail.id, cause(), updated)

    # What is owed is published anew, so that the next try finds room.
    assert len(announce.await_args_list[-1].args[1]) == 1_000
    assert len((await backend.newest("interactions", mail.id))["outbox"]) == 1_000
