"""The steps of a run: each does something, waits for rest, and has everything checked."""

import asyncio
import signal
from typing import Any, Final

import httpx2 as httpx

from tests.stateful.agent import Agent
from tests.stateful.effects import Order
from tests.stateful.possible_orders import Probe, forbidden, possible
from tests.stateful.simulation import Simulation
from tests.stateful.view import Message

_CREATE: Final = {
    "queueName": "drafts",
    "interactionType": "Outbound",
    "interactionSubType": "OutboundNew",
}

_STRIDE: Final = 7


class Steps:
    """The steps of a simulation. A number chooses one of what is possible at the moment."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._picked = 0

    async def begin(self) -> None:
        """Two agents are Ready, and there is a mail for one of them."""
        await self.simulation.clear()
        for agent in range(2):
            await self.become(agent, "Ready")
        await self.arrive()

    async def arrive(self) -> None:
        """A mail arrives."""
        await self.simulation.mail()
        await self._settle()

    async def become(self, agent: int, presence: str) -> None:
        """An agent is Ready, or is not, or leaves."""
        await self._agent(agent).become(presence)
        await self._settle()

    async def create(self, agent: int) -> None:
        """An agent begins a mail, which only those can who are logged in."""
        who = self._agent(agent)
        answer = await who.give_and_wait("Create", "", _CREATE)
        if who.logged_in:
            assert answer.status_code == 200, answer.text
            self.simulation.expect(answer.json()["interactionId"])
        else:
            assert (answer.status_code, answer.json()["statusCode"]) == (403, 3)
        await self._settle()

    async def work(self, pick: int, number: int) -> None:
        """Somebody does something that is offered; nothing else about it is allowed."""
        order = self._pick(pick, number)
        if order is None:
            await self.become(pick, "Ready")
            await self.arrive()
            return
        agent = self.simulation.agents[order.agent]
        answer = await agent.give_and_wait(order.name, order.about, order.body)
        await self._taken(order, answer)
        await self.refuse(order.about)

    async def work_while_killed(self, pick: int, number: int, victim: str) -> None:
        """Somebody does something that is offered, while a process is killed and starts again."""
        order = self._pick(pick, number)
        self.simulation.tally[f"{victim} killed"] += 1
        if order is None:
            await self._kill(victim)
            await self._settle()
            return
        agent = self.simulation.agents[order.agent]
        async with asyncio.TaskGroup() as group:
            giving = group.create_task(agent.insist(order.name, order.about, order.body))
            group.create_task(self._kill(victim))
        await self._taken(order, giving.result())

    async def race(self, pick: int, other: int, number: int) -> None:
        """Somebody does two things to one interaction at once: one of them at least is done."""
        first = self._pick(pick, number)
        if first is None:
            return
        rivals = [one for one in self._possible(number + 1) if one.about == first.about]
        second = rivals[other % len(rivals)]
        answers = await asyncio.gather(*(self._give(one) for one in (first, second)))
        statuses = [answer.status_code for answer in answers]
        self.simulation.tally[f"raced {sorted(statuses)}"] += 1
        assert 200 in statuses, [answer.text for answer in answers]
        assert set(statuses) <= {200, 403, 409}, [answer.text for answer in answers]
        for answer in answers:
            if answer.is_success:
                self.simulation.expect(answer.json().get("interactionId"))
        await self._settle()

    async def cut(self, agent: int) -> None:
        """An agent's connection is cut while a mail arrives."""
        self._agent(agent).listener.cut()
        await self.arrive()

    async def reload(self, agent: int) -> None:
        """An agent's page is loaded anew."""
        self._agent(agent).listener.forget()
        await self._settle()

    async def refuse(self, about: str) -> None:
        """An operation that is not offered is refused with the right numbers, and changes nothing.

        Raises:
            AssertionError: It is not; says what was answered.
        """
        before = self.simulation.snapshot
        probes = forbidden(before, about)
        self.simulation.tally["refused"] += len(probes)
        answers = await asyncio.gather(*(self._give_at_once(one) for one in probes))
        wrong = [
            f"{probe.order.name} by {probe.order.agent}: {answer.status_code} {answer.text}"
            for probe, answer in zip(probes, answers, strict=True)
            if (answer.status_code, answer.json().get("statusCode"))
            != (probe.refusal.http, probe.refusal.code)
        ]
        assert not wrong, "\n".join(wrong)
        assert await self.simulation.read() == before, "what was refused changed something"

    async def _kill(self, victim: str) -> None:
        if victim in self.simulation.servers:
            server = self.simulation.servers[victim]
            server.kill()
            await asyncio.to_thread(server.start)
        else:
            self.simulation.breakable.signal(victim, signal.SIGKILL)
            await self.simulation.breakable.ends(victim)

    async def _taken(self, order: Order, answer: httpx.Response) -> None:
        assert answer.status_code == 200, f"{order.name}: {answer.status_code} {answer.text}"
        self.simulation.tally[order.name] += 1
        body: Message = answer.json()
        self.simulation.expect(body.get("interactionId"))
        await self._settle(order, body)

    async def _settle(self, *outcome: Any) -> None:
        await self.simulation.rest(*outcome)
        await self.simulation.check()

    async def _give(self, order: Order) -> httpx.Response:
        agent = self.simulation.agents[order.agent]
        return await agent.give_and_wait(order.name, order.about, order.body)

    async def _give_at_once(self, probe: Probe) -> httpx.Response:
        order = probe.order
        return await self.simulation.agents[order.agent].give(order.name, order.about, order.body)

    def _pick(self, pick: int, number: int) -> Order | None:
        # Where Hypothesis chooses the same number again and again, this does not.
        self._picked += 1
        orders = self._possible(number + self._picked)
        return orders[(pick + _STRIDE * self._picked) % len(orders)] if orders else None

    def _possible(self, number: int) -> list[Order]:
        present = [one.id for one in self.simulation.agents.values() if one.logged_in]
        return possible(self.simulation.snapshot, number, present)

    def _agent(self, number: int) -> Agent:
        agents = list(self.simulation.agents.values())
        return agents[number % len(agents)]
