"""A chore is done again, whatever became of it the last time."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from shared.chores import repeating
from shared.domain.errors import Unavailable


class Chore:
    """Goes wrong the first time."""

    def __init__(self, fault: Exception) -> None:
        self._fault: Exception | None = fault
        self.done = asyncio.Event()

    async def do(self) -> None:
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        self.done.set()


@pytest.mark.parametrize("fault", [Unavailable("away"), LookupError("nobody foresaw this")])
async def test_a_chore_that_went_wrong_is_done_the_next_time(fault: Exception) -> None:
    chore = Chore(fault)

    async with repeating(chore.do, every=timedelta(0)), asyncio.timeout(5):
        await chore.done.wait()

    assert chore.done.is_set()


async def test_a_chore_without_a_name_may_go_wrong_as_well() -> None:
    chore = Chore(LookupError("nobody foresaw this"))

    async with repeating(partial(chore.do), every=timedelta(0)), asyncio.timeout(5):
        await chore.done.wait()

    assert chore.done.is_set()


async def test_no_chore_outlives_its_context() -> None:
    chore = Chore(LookupError("the first time"))

    async with repeating(chore.do, every=timedelta(0)):
        before = len(asyncio.all_tasks())

    assert len(asyncio.all_tasks()) == before - 1
