"""`make bench`: the product beside the least that could do its work, on private servers."""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import uvloop

from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from tests.bench.load.agents import CAPACITY
from tests.bench.measurements.comparison import Comparison, comparison_section
from tests.bench.measurements.cost import cost_section
from tests.bench.measurements.drivers import compare_drivers
from tests.bench.measurements.soak import memory_section, soak
from tests.bench.operations import EACH, QUICK, operations
from tests.bench.systems.measured_systems import running_floor
from tests.bench.systems.product import running_product
from tests.bench.tables.table import Section

_LONG_INVITATION = "3600"
"""Seconds: nothing is taken back while the floor has its turn."""

_INTERRUPTED = 130
_DRIVER_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. `mails` is the length of the memory run; the others follow `quick`."""

    mails: int
    every: int
    agents: int
    lap: int
    rounds: int
    half_load_seconds: float
    driver_calls: int
    each: int
    longest_minutes: float

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Plan":
        """Return the plan that the command line asks for."""
        mails = options.mails or (200 if options.quick else 2_000)
        every = max(100, min(5_000, mails // 4))
        minutes = 5 + mails / 500
        if options.quick:
            return cls(mails, every, 20, 200, 1, 3.0, 1_000, QUICK, minutes + 2)
        return cls(mails, every, options.agents, 800, 3, 10.0, 5_000, EACH, minutes + 15)


async def measure(plan: Plan, up: Servers, folder: Path) -> list[Section]:
    """Return all sections of the report."""
    drivers = await compare_drivers(up.mongodb_url, count=plan.driver_calls, rounds=_DRIVER_ROUNDS)
    async with running_floor(up) as floor, running_product(up, folder, plan.agents) as product:
        contest = Comparison(
            up,
            product.measured,
            floor,
            mails=plan.lap,
            rounds=plan.rounds,
            half_load_seconds=plan.half_load_seconds,
            most=plan.agents * CAPACITY,
        )
        ours, theirs = await contest.run()
        log = folder / "mongodb" / "mongod.log"
        cost = await cost_section(
            product.measured, up, log, mails=plan.lap // 2, rate=ours.rate / 2
        )
        await product.measured.rest()
        samples = await soak(product, plan.mails, every=plan.every)
    memory = memory_section(dict(product.idle), samples)
    orders = await operations(up, folder, each=plan.each)
    return [comparison_section(ours, theirs), *orders, cost, memory, drivers]


async def _within(plan: Plan, up: Servers, folder: Path) -> list[Section]:
    try:
        async with asyncio.timeout(plan.longest_minutes * 60):
            return await measure(plan, up, folder)
    except TimeoutError as error:
        raise NotPossibleError(f"not done in {plan.longest_minutes:.0f} minutes") from error


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute's smoke: no firm figures")
    parser.add_argument("--mails", type=int, help="length of the memory run (20000 to judge it)")
    parser.add_argument("--agents", type=int, default=100, help="how many agents listen")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def main() -> int:
    """Measure, print one report on standard output; everything else goes to standard error."""
    asked = options()
    os.environ["ROUTING_INVITATION"] = _LONG_INVITATION
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            temporary_folder() as folder,
            servers(folder, environment={}) as up,
        ):
            sections = uvloop.run(_within(Plan.of(asked), up, folder))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    for section in sections:
        sys.stdout.write("\n".join([*section.lines(), ""]))
    if asked.json:
        asked.json.write_text(json.dumps([section.as_json() for section in sections], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
