"""The cost of each operation beside a bare endpoint that makes one write and one publish.

`python -m tests.bench.operations` measures nothing else; `make bench` has it at its end. With
`--beside CHECKOUT` another checkout (with a `.venv` of its own) is measured in the same run, by
turns, each by its own bench.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from deploy.local.folders import CHECKOUT, temporary_folder
from deploy.local.processes.ports import free_port
from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from deploy.local.stack.services import Addresses
from deploy.local.stack.system import system
from tests.bench.load.agents import PASSWORD, contact_center
from tests.bench.load.rest_caller import Call, Caller, Calls, callers, measured
from tests.bench.load.workloads import TASKS, Task, fill
from tests.bench.measurements import beside
from tests.bench.tables.figures import percentile
from tests.bench.tables.table import Row, Section

AGENTS = 10
EACH = 30
QUICK = 10


@dataclass(frozen=True, slots=True)
class Result:
    """One operation: until it was answered, until its event was there, and the bare endpoint.

    A read has no event.
    """

    task: Task
    answered: Calls
    heard: Calls | None
    bare: Calls


@dataclass(frozen=True, slots=True)
class OperationRuns:
    """The callers, and the ports of the product and of the bare endpoint.

    Each lap has connections of its own, because idle ones are closed.
    """

    mongodb_url: str
    names: Sequence[str]
    ids: Sequence[str]
    product: int
    bare: int
    each: int

    async def result(self, task: Task) -> Result:
        """Measure one operation: bare first, then the product, the same documents for both."""
        report(f"{task.name} …")
        bare = await self._lap(self.bare, _bare_calls(task, await self._fill(task)))
        answered = await self._measured(task, waits=False)
        heard = None if task.reads else await self._measured(task, waits=True)
        return Result(task, answered, heard, bare)

    async def _measured(self, task: Task, *, waits: bool) -> Calls:
        calls = self._calls(task, await self._fill(task), waits=waits)
        found = await self._lap(self.product, calls)
        if not waits and not task.reads:
            await self._drain(task)
        return found

    async def _drain(self, task: Task) -> None:
        """Return when what was ordered before has been done: one more, which is waited for."""
        rest = await fill(self.mongodb_url, task, self.ids, 1)
        await self._lap(self.product, self._calls(task, rest, waits=True))

    async def _lap(self, port: int, calls: list[list[Call]]) -> Calls:
        async with callers(port, self.names, PASSWORD) as several:
            return await measured(several, calls)

    async def _fill(self, task: Task) -> list[list[str]]:
        return await fill(self.mongodb_url, task, self.ids, self.each)

    def _calls(self, task: Task, desks: list[list[str]], *, waits: bool) -> list[list[Call]]:
        neighbours = [*self.ids[1:], self.ids[0]]
        return [
            [task.call(one, neighbour, waits=waits) for one in desk]
            for desk, neighbour in zip(desks, neighbours, strict=True)
        ]


def _bare_calls(task: Task, desks: list[list[str]]) -> list[list[Call]]:
    body = None if task.reads else {"operationName": task.name, **task.body}
    method = "GET" if task.reads else "POST"
    return [[Call(method, f"/{one}", body) for one in desk] for desk in desks]


def sections(results: Sequence[Result]) -> list[Section]:
    """Return the tables."""
    at_once = f"{AGENTS} agents at once"
    note = "the bare endpoint answers when its one write and its one publish are done"
    events = [(one.task.name, one.heard, one.bare) for one in results if one.heard]
    answers = [(one.task.name, one.answered, one.bare) for one in results]
    return [
        Section(
            f"Operations until the answer ({at_once})",
            "product",
            [row for one in answers for row in _rows(*one)],
            right="bare",
            notes=[note],
        ),
        Section(
            f"Operations until their event is there (`Prefer: wait`, {at_once})",
            "product",
            [row for one in events for row in _rows(*one)],
            right="bare",
            notes=[note, "Send waits until the next server has taken the mail"],
        ),
    ]


def _rows(name: str, ours: Calls, theirs: Calls) -> list[Row]:
    return [
        Row(name, "1/s", ours.rate, theirs.rate),
        Row(f"{name}, p99", "ms", _p99(ours), _p99(theirs)),
    ]


def _p99(calls: Calls) -> float:
    return percentile(calls.each, 99) * 1000


async def operations(up: Servers, folder: Path, *, each: int = EACH) -> list[Section]:
    """Run product and bare endpoint, measure every operation, and return the tables."""
    async with _operation_runs(up, folder, each) as runs:
        return sections([await runs.result(task) for task in TASKS])


@asynccontextmanager
async def _operation_runs(up: Servers, folder: Path, each: int) -> AsyncIterator[OperationRuns]:
    names = [f"operator{number}" for number in range(1, AGENTS + 1)]
    description = folder / "operators.yaml"
    description.write_text(contact_center(names))
    addresses = Addresses.choose(familiar=False)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            system(
                up.access,
                sent=folder / "answers",
                addresses=addresses,
                configuration=description,
            )
        )
        bare_port = await stack.enter_async_context(_bare_endpoint(up))
        async with callers(addresses.gateway, names, PASSWORD) as several:
            ids = [await _log_in(one) for one in several]
        yield OperationRuns(up.mongodb_url, names, ids, addresses.gateway, bare_port, each)


async def _log_in(caller: Caller) -> str:
    """Be there, but be offered nothing; return the agent's id."""
    channel = "/api/v2/me/channels/email"
    await caller.call(Call("POST", channel, {"operationName": "NotReady"}))
    return str(json.loads(await caller.call(Call("GET", "/api/v2/me")))["user"]["id"])


@asynccontextmanager
async def _bare_endpoint(up: Servers) -> AsyncIterator[int]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *tethered([sys.executable, "-m", "tests.bench.systems.bare_endpoint", str(port)]),
        cwd=CHECKOUT,
        env={**os.environ, "RABBITMQ_URL": up.rabbitmq_url, "MONGODB_URL": up.mongodb_url},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None or await process.stdout.readline() != b"ready\n":
            raise NotPossibleError("the bare endpoint does not start")
        yield port
    finally:
        process.kill()
        await process.wait()


def _measure(*, quick: bool) -> list[Section]:
    with temporary_folder() as folder, servers(folder, environment={}) as up:
        return uvloop.run(operations(up, folder, each=QUICK if quick else EACH))


def _compare(other: Path, *, rounds: int, quick: bool) -> list[Section]:
    turns = beside.measure_by_turns([CHECKOUT, other], rounds=rounds, quick=quick)
    ours, theirs = asyncio.run(turns)
    return [beside.section(ours, theirs, other.name)]


def main() -> int:
    """Measure on private servers and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.operations", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} calls, not {EACH}, an agent")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="compare with this one")
    parser.add_argument("--rounds", type=int, default=5, help="how many runs each checkout has")
    asked = parser.parse_args()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            if asked.beside:
                other = asked.beside.resolve()
                found = _compare(other, rounds=asked.rounds, quick=asked.quick)
            else:
                found = _measure(quick=asked.quick)
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    for section in found:
        sys.stdout.write("\n".join([*section.lines(), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
