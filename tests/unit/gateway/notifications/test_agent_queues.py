"""Work of an agent is done in order; agents beyond the bound catch up from the journal."""

import asyncio
from collections import Counter

import pytest

from services.gateway.notifications import agent_queues
from services.gateway.notifications.agent_queues import CatchUp, PerAgentQueues, Work
from shared.storage.journal import Entry


class Handler:
    """A handler that remembers its work and sets `finished` after `expected` pieces."""

    def __init__(self, expected: int) -> None:
        self.done: list[Work] = []
        self.finished = asyncio.Event()
        self._expected = expected

    async def handle(self, work: Work) -> None:
        self.done.append(work)
        if len(self.done) >= self._expected:
            self.finished.set()
        if work.agent_id == "unlucky":
            raise RuntimeError


async def test_work_of_one_agent_is_done_in_order() -> None:
    handler = Handler(6)
    queues = PerAgentQueues(handler.handle)
    works = [Entry(agent, at, b"") for at in (1, 2, 3) for agent in ("anna", "bert")]

    async with queues.running():
        for work in works:
            queues.put(work)
        await handler.finished.wait()

    for agent in ("anna", "bert"):
        done = [
            one.position for one in handler.done if isinstance(one, Entry) and one.agent_id == agent
        ]
        assert done == [1, 2, 3]


async def test_failed_work_keeps_back_nothing_after_it() -> None:
    handler = Handler(2)
    queues = PerAgentQueues(handler.handle)

    async with queues.running():
        for at in (1, 2):
            queues.put(Entry("unlucky", at, b""))
        await handler.finished.wait()

    assert len(handler.done) == 2


async def test_overflowed_agents_catch_up_once_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_queues, "_QUEUES", 1)
    monkeypatch.setattr(agent_queues, "_MOST_WAITING", 3)
    handler = Handler(5)
    queues = PerAgentQueues(handler.handle)
    first = [Entry("anna", at, b"") for at in (1, 2, 3)]
    beyond = [Entry(agent, at, b"") for at in (4, 5) for agent in ("anna", "bert")]

    for work in (*first, *beyond):
        queues.put(work)
    async with queues.running():
        await handler.finished.wait()

    assert handler.done[:3] == first
    assert Counter(handler.done[3:]) == Counter([CatchUp("anna"), CatchUp("bert")])
