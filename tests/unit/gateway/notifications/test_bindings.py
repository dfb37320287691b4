"""Every agent is bound in the end, however long the broker takes and however few callers wait."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from services.gateway.notifications.bindings import Bindings


class Queue:
    """A queue whose broker answers once the test calls `answer`."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self.canceled: list[str] = []
        self._may_answer = asyncio.Event()

    def answer(self) -> None:
        self._may_answer.set()

    def hesitate(self) -> None:
        self._may_answer.clear()

    async def bind(self, agent_ids: Sequence[str]) -> None:
        await self._ask(*agent_ids)
        self.bound.update(agent_ids)

    async def unbind(self, agent_id: str) -> None:
        await self._ask(agent_id)
        self.bound.discard(agent_id)

    async def _ask(self, *agent_ids: str) -> None:
        for agent_id in agent_ids:
            self.asked.put_nowait(agent_id)
        try:
            await self._may_answer.wait()
        except asyncio.CancelledError:
            self.canceled += agent_ids
            raise


class Pod:
    """Bindings, and the gaps they report."""

    def __init__(self, patience: float) -> None:
        self.gaps: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self.bindings = Bindings(self.gaps.put_nowait, patience=patience)

    @asynccontextmanager
    async def following(self, queue: Queue) -> AsyncIterator[None]:
        async def follow() -> None:
            await self.bindings.attach(queue)
            await self.bindings.apply_changes()

        task = asyncio.create_task(follow())
        # The task starts before the test asks for anything.
        await asyncio.sleep(0)
        try:
            yield
        finally:
            self.bindings.detach()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_wanted_agent_is_bound_and_the_waiter_returns() -> None:
    pod, queue = Pod(patience=60), Queue()
    queue.answer()
    async with pod.following(queue):
        pod.bindings.want("anna")

        is_applied = await pod.bindings.wait_until_applied("anna")

        assert is_applied
        assert queue.bound == {"anna"}
        assert pod.gaps.empty()


async def test_many_agents_are_bound_after_their_waiters_left() -> None:
    pod, queue = Pod(patience=0), Queue()
    herd = [f"agent{number}" for number in range(4_000)]
    async with pod.following(queue):
        pod.bindings.want(herd[0])
        await queue.asked.get()
        for agent_id in herd[1:]:
            pod.bindings.want(agent_id)

        answers = await asyncio.gather(*(pod.bindings.wait_until_applied(one) for one in herd))
        queue.answer()
        reported = {next(iter(await pod.gaps.get())) for _ in herd}

        assert not any(answers)
        assert queue.bound == reported == set(herd)
        assert queue.canceled == []


async def test_canceled_waiter_does_not_cancel_the_binding() -> None:
    pod, queue = Pod(patience=60), Queue()
    async with pod.following(queue):
        pod.bindings.want("anna")
        waiting = asyncio.create_task(pod.bindings.wait_until_applied("anna"))
        await queue.asked.get()

        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        queue.answer()

        assert await pod.bindings.wait_until_applied("anna")
        assert queue.canceled == []


async def test_wait_without_a_queue_returns_at_once() -> None:
    pod = Pod(patience=60)
    pod.bindings.want("anna")

    assert not await pod.bindings.wait_until_applied("anna")


async def test_wait_ends_at_once_when_the_queue_is_lost() -> None:
    pod, queue = Pod(patience=60), Queue()
    async with pod.following(queue):
        pod.bindings.want("anna")
        waiting = asyncio.create_task(pod.bindings.wait_until_applied("anna"))
        await queue.asked.get()

        pod.bindings.detach()

        assert not await waiting


async def test_new_queue_is_bound_to_all_and_reports_their_gaps() -> None:
    pod, first, second = Pod(patience=60), Queue(), Queue()
    first.answer()
    second.answer()
    async with pod.following(first):
        pod.bindings.want("anna")
        pod.bindings.want("ben")
        assert await pod.bindings.wait_until_applied("ben")
    pod.bindings.drop("ben")

    async with pod.following(second):
        reported = await pod.gaps.get()

        assert reported == {"anna"}
        assert second.bound == {"anna"}


async def test_dropped_agents_are_unbound_and_others_stay() -> None:
    pod, queue = Pod(patience=60), Queue()
    queue.answer()
    async with pod.following(queue):
        for agent_id in ("anna", "ben", "carl"):
            pod.bindings.want(agent_id)
            await pod.bindings.wait_until_applied(agent_id)

        pod.bindings.drop("anna")
        pod.bindings.drop("carl")
        applied = [await pod.bindings.wait_until_applied(one) for one in ("anna", "carl")]

        assert applied == [True, True]
        assert queue.bound == {"ben"}
        assert pod.gaps.empty()


async def test_agent_wanted_again_while_unbinding_is_bound_again() -> None:
    pod, queue = Pod(patience=60), Queue()
    queue.answer()
    async with pod.following(queue):
        pod.bindings.want("anna")
        await pod.bindings.wait_until_applied("anna")
        await queue.asked.get()
        queue.hesitate()

        pod.bindings.drop("anna")
        await queue.asked.get()
        pod.bindings.want("anna")
        queue.answer()

        assert await pod.bindings.wait_until_applied("anna")
        assert queue.bound == {"anna"}
