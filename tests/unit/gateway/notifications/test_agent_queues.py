"""Queues of agents: order for each agent, a bound, and the journal for what was beyond it."""

import asyncio
from collections import Counter

import pytest

from services.gateway.notifications import agent_queues
from services.gateway.notifications.agent_queues import ArrivedEvent, CatchUp, PerAgentQueues, Work


class Doing:
    """Does nothing but remember; says when it has done all that was asked."""

    def __init__(self, expected: int) -> None:
        self.done: list[Work] = []
        self.finished = asyncio.Event()
        self._expected = expected

    async def do(self, work: Work) -> None:
        self.done.append(work)
        if len(self.done) >= self._expected:
            self.finished.set()
        if work.agent_id == "unlucky":
            raise RuntimeError


async def test_work_of_one_agent_is_done_in_order() -> None:
    doing = Doing(6)
    busy = PerAgentQueues(doing.do)
    works = [ArrivedEvent(agent, at, b"") for at in (1, 2, 3) for agent in ("anna", "bert")]

    async with busy.running():
        for work in works:
            busy.put(work)
        await doing.finished.wait()

    for agent in ("anna", "bert"):
        done = [
            one.position
            for one in doing.done
            if isinstance(one, ArrivedEvent) and one.agent_id == agent
        ]
        assert done == [1, 2, 3]


async def test_failed_work_keeps_back_nothing_after_it() -> None:
    doing = Doing(2)
    busy = PerAgentQueues(doing.do)

    async with busy.running():
        for at in (1, 2):
            busy.put(ArrivedEvent("unlucky", at, b""))
        await doing.finished.wait()

    assert len(doing.done) == 2


async def test_overflowed_agents_catch_up_once_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_queues, "_QUEUES", 1)
    monkeypatch.setattr(agent_queues, "_MOST_WAITING", 3)
    doing = Doing(5)
    busy = PerAgentQueues(doing.do)
    first = [ArrivedEvent("anna", at, b"") for at in (1, 2, 3)]
    beyond = [ArrivedEvent(agent, at, b"") for at in (4, 5) for agent in ("anna", "bert")]

    for work in (*first, *beyond):
        busy.put(work)
    async with busy.running():
        await doing.finished.wait()

    assert doing.done[:3] == first
    assert Counter(doing.done[3:]) == Counter([CatchUp("anna"), CatchUp("bert")])
