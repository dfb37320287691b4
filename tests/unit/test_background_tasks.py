"""A chore is done again, whatever became of it the last time."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from shared.background_tasks import cancel_and_wait, run_periodically
from shared.domain.errors import Unavailable


class FailingOnceTask:
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
    chore = FailingOnceTask(fault)

    async with run_periodically(chore.do, every=timedelta(0)), asyncio.timeout(5):
        await chore.done.wait()

    assert chore.done.is_set()


async def test_a_chore_without_a_name_may_go_wrong_as_well() -> None:
    chore = FailingOnceTask(LookupError("nobody foresaw this"))

    async with run_periodically(partial(chore.do), every=timedelta(0)), asyncio.timeout(5):
        await chore.done.wait()

    assert chore.done.is_set()


async def test_no_chore_outlives_its_context() -> None:
    chore = FailingOnceTask(LookupError("the first time"))

    others = asyncio.all_tasks()

    async with run_periodically(chore.do, every=timedelta(0)):
        [task] = asyncio.all_tasks() - others

    assert task.done()


class CancellationIgnoringTask:
    """Does not hear that it is canceled the first time, as a call that just got its answer."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.lost = 0

    async def do(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.lost:
                raise
            self.lost += 1


async def test_a_task_that_lost_its_cancellation_is_ended_all_the_same() -> None:
    stubborn = CancellationIgnoringTask()

    async def for_ever() -> None:
        while True:
            await stubborn.do()

    task = asyncio.create_task(for_ever())
    await stubborn.begun.wait()

    async with asyncio.timeout(5):
        await cancel_and_wait({task}, again=0)

    assert (stubborn.lost, task.cancelled()) == (1, True)


async def test_errors_of_canceled_tasks_are_dropped() -> None:
    async def fails() -> None:
        raise LookupError("nobody foresaw this")

    tasks = {asyncio.create_task(fails()), asyncio.create_task(asyncio.sleep(0))}
    await asyncio.wait(tasks)

    await cancel_and_wait(tasks)

    assert all(task.done() for task in tasks)


async def test_a_chore_that_lost_its_cancellation_is_not_done_again() -> None:
    stubborn = CancellationIgnoringTask()

    async with asyncio.timeout(1), run_periodically(stubborn.do, every=timedelta(0)):
        await stubborn.begun.wait()

    assert stubborn.lost == 1


@pytest.mark.parametrize(
    ("fault", "logged"),
    [
        (Unavailable("away"), ("WARNING", False)),
        (LookupError("nobody foresaw this"), ("ERROR", True)),
    ],
)
async def test_only_an_unforeseen_failure_is_logged_with_its_traceback(
    fault: Exception, logged: tuple[str, bool], caplog: pytest.LogCaptureFixture
) -> None:
    chore = FailingOnceTask(fault)

    async with run_periodically(chore.do, every=timedelta(0)), asyncio.timeout(5):
        await chore.done.wait()

    [record] = caplog.records
    assert (record.levelname, record.exc_info is not None) == logged
    assert str(fault) in caplog.text
