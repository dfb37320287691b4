"""The octets that all mailboxes of a pod have in memory stay below a bound."""

import asyncio

from services.fetching.folders.octet_budget import OctetBudget


async def test_octets_beyond_the_bound_wait_for_others() -> None:
    budget, began = OctetBudget(100), []

    async def hold(name: str, octets: int, until: asyncio.Event) -> None:
        async with budget.reserve(octets):
            began.append(name)
            await until.wait()

    first, rest = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(hold("a", 60, first))
        group.create_task(hold("b", 60, rest))
        group.create_task(hold("c", 10, rest))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        before = list(began)
        first.set()
        rest.set()

    # `c` has room beside `a`, but would keep `b` waiting for ever if others like it followed.
    assert before == ["a"]
    assert began == ["a", "b", "c"]


async def test_more_than_the_whole_bound_takes_all_of_it() -> None:
    budget = OctetBudget(100)

    async with asyncio.timeout(1), budget.reserve(1_000):
        assert budget.free == 0

    assert budget.free == 100


async def test_canceled_wait_holds_nothing() -> None:
    budget = OctetBudget(100)
    async with budget.reserve(100):
        waiting = asyncio.create_task(_reserve(budget))
        next_one = asyncio.create_task(_reserve(budget))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})

    async with asyncio.timeout(1):
        await next_one
    assert budget.free == 100


async def _reserve(budget: OctetBudget) -> None:
    async with budget.reserve(50):
        return
