"""`make bench-scale`: what one, two and four pods of each service do, and agents at their worst.

A pod more must never be slower, nor may it cost more commands to the database.
"""

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import uvloop
from pymongo import AsyncMongoClient

from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from deploy.local.stack.services import Addresses
from deploy.local.stack.system import System, system
from tests.bench.instruments.event_times import EventTimes
from tests.bench.load.agents import CAPACITY, contact_center, listening
from tests.bench.load.ready_rush import Rush, fill_backlog, rush
from tests.bench.load.smtp_sender import flat_out
from tests.bench.systems.measured_systems import Lap, MeasuredSystem, lap
from tests.bench.systems.pods import Pods, pods
from tests.bench.systems.product import clear_desks
from tests.bench.tables.figures import percentile
from tests.bench.tables.table import Aim, Row, Section

_COUNTERS = ("insert", "query", "update", "delete", "getmore", "command")
_IDLE_SECONDS = 5.0
_INTERRUPTED = 130
_LONG_INVITATION = "3600"

NONE_LOST = Aim("none", 0.0)
SOON = Aim("at most 1000", 1000.0)
COMMANDS = Aim("at most 1.1", 1.1)
RATE = Aim("at least 0.9", 0.9, at_least=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    counts: Sequence[int]
    agents: int
    backlog: int
    working: int
    spread: float
    mails: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Laps flat out with some pods: mails a second, and commands to the database for each mail."""

    laps: Sequence[Lap]
    commands: Sequence[float]

    @property
    def mails(self) -> float:
        """Mails a second, the median of all laps."""
        return median(one.rate for one in self.laps)

    @property
    def commands_each(self) -> float:
        """Commands for each mail, the median of all laps."""
        return median(self.commands)


async def measure(plan: Plan) -> list[Section]:
    """Return all sections of the report."""
    rates: list[Rate] = []
    some: list[Rush] = []
    all_of_them: list[Rush] = []
    for count in plan.counts:
        report(f"flat out with {count} of each")
        rates.append(await _flat_out(plan, count))
        for found, working, spread in (
            (some, plan.working, plan.spread),
            (all_of_them, plan.agents, 0.0),
        ):
            report(f"{working} of {plan.agents} agents accept, {count} of routing")
            found.append(await _rush(plan, count, working, spread))
    return [
        _rate_section(plan.counts, rates),
        _rush_section(plan, f"{plan.working} accept within {plan.spread:g} s", some, timed=True),
        _rush_section(plan, "all accept at once", all_of_them, timed=False),
    ]


async def _flat_out(plan: Plan, count: int) -> Rate:
    agents = -(-plan.mails // CAPACITY)
    names = [f"agent{number}" for number in range(1, agents + 1)]
    with _environment("ROUTING_INVITATION", _LONG_INVITATION):
        async with (
            _system(contact_center(names)) as (up, running),
            pods(up, running, count) as every,
        ):
            return await _laps(plan, up, every, names)


async def _laps(plan: Plan, up: Servers, every: Pods, names: list[str]) -> Rate:
    heard, laps, commands = EventTimes(), [], []
    shares = [names[at :: len(every.gateways)] for at in range(len(every.gateways))]
    async with contextlib.AsyncExitStack() as stack:
        for url, share in zip(every.gateways, shares, strict=True):
            await stack.enter_async_context(listening(url, share, heard))
        rest = partial(clear_desks, up.mongodb_url)
        measured = MeasuredSystem(every.smtp[0], heard, lambda: every.pids, rest)
        idle = await _idle_commands(up.mongodb_url)
        for number in range(plan.rounds + 1):
            before = await _commands(up.mongodb_url)
            one = await lap(measured, up, partial(flat_out, plan.mails, *every.smtp))
            after = await _commands(up.mongodb_url)
            await rest()
            if number:  # the first one warms up
                laps.append(one)
                commands.append((after - before - idle * one.seconds) / one.mails)
    return Rate(laps, commands)


async def _rush(plan: Plan, count: int, working: int, spread: float) -> Rush:
    names = [f"agent{number}" for number in range(1, plan.agents + 1)]
    async with (
        _system(contact_center(names, capacity=1)) as (up, running),
        pods(up, running, count, ["routing"]) as every,
    ):
        await fill_backlog(up.mongodb_url, plan.backlog)
        return await rush(up.mongodb_url, every.gateways, names, working=working, spread=spread)


@asynccontextmanager
async def _system(description: str) -> AsyncIterator[tuple[Servers, System]]:
    with temporary_folder() as folder, servers(folder, environment={}) as up:
        path = folder / "contact-center.yaml"
        path.write_text(description)
        addresses = Addresses.choose(familiar=False)
        async with system(
            up.access, sent=folder / "sent", addresses=addresses, configuration=path
        ) as running:
            yield up, running


async def _commands(mongodb_url: str) -> int:
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        status = await client.admin.command("serverStatus")
    return sum(int(status["opcounters"][name]) for name in _COUNTERS)


async def _idle_commands(mongodb_url: str) -> float:
    """Return the commands of a second in which no mail comes."""
    before = await _commands(mongodb_url)
    await asyncio.sleep(_IDLE_SECONDS)
    return (await _commands(mongodb_url) - before) / _IDLE_SECONDS


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _rate_section(counts: Sequence[int], rates: Sequence[Rate]) -> Section:
    one = rates[0]
    rows = []
    for count, rate in zip(counts, rates, strict=True):
        rows += [
            Row(f"{count} of each, mails", "1/s", rate.mails, one.mails, RATE),
            Row(
                f"{count} of each, commands a mail",
                "",
                rate.commands_each,
                one.commands_each,
                COMMANDS,
            ),
        ]
    return Section(
        "Pods of every service, flat out",
        "pods",
        rows,
        right=f"{counts[0]} of each",
        notes=["commands: what mongod counted, less what it counts while no mail comes"],
    )


def _rush_section(plan: Plan, title: str, rushes: Sequence[Rush], *, timed: bool) -> Section:
    rows = []
    for count, one in zip(plan.counts, rushes, strict=True):
        soon = SOON if timed else None
        rows += [
            Row(f"{count} of routing, Accepts sent in time", "", len(one.accepts)),
            Row(f"{count} of routing, lost", "", one.lost, aim=NONE_LOST),
            Row(f"{count} of routing, Accept to event, p50", "ms", _delay(one, 50)),
            Row(f"{count} of routing, Accept to event, p99", "ms", _delay(one, 99), aim=soon),
            Row(f"{count} of routing, offers", "", one.offers),
            Row(f"{count} of routing, offered twice", "", one.offered_twice, aim=NONE_LOST),
        ]
    head = f"{plan.agents} agents become Ready over {plan.backlog} mails"
    return Section(f"{head}, {title}", "product", rows)


def _delay(one: Rush, percent: float) -> float | None:
    return percentile(one.delays, percent) * 1000 if one.delays else None


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers: no firm figures")
    parser.add_argument("--pods", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    return parser.parse_args()


def _plan(asked: argparse.Namespace) -> Plan:
    if asked.quick:
        return Plan(asked.pods, 100, 2_000, 10, 3.0, 400, 1)
    return Plan(asked.pods, 1_000, 20_000, 30, 10.0, 2_000, 3)


def main() -> int:
    """Measure on private servers and print the tables."""
    plan = _plan(options())
    try:
        with contextlib.redirect_stdout(sys.stderr):
            sections = uvloop.run(measure(plan))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    for section in sections:
        sys.stdout.write("\n".join([*section.lines(), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
