"""Product and floor in turns on the same servers, so that whatever drifts hits both."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from deploy.local.progress import report
from deploy.local.servers.running_servers import Servers
from tests.bench.instruments.database_trace import majority_writes
from tests.bench.load.smtp_sender import flat_out, on_schedule
from tests.bench.systems.measured_systems import TOGETHER, Lap, MeasuredSystem, lap
from tests.bench.tables.figures import percentile
from tests.bench.tables.table import Aim, Row, Section

RATE = Aim("at least 0.65", 0.65, at_least=True)
TAIL = Aim("at most 2.5", 2.5)
CPU = Aim("at most 2", 2.0)

_STILL_BUSY = 1.0
"""Seconds after the last event in which outboxes are struck and logs written."""


@dataclass(slots=True)
class Score:
    """The laps of one measured: flat out, and at half of the rate it showed then."""

    flat_out: list[Lap] = field(default_factory=list)
    half_load: list[Lap] = field(default_factory=list)
    majority_writes: int = 0

    @property
    def rate(self) -> float:
        """Mails a second, the median of all laps flat out."""
        return median(one.rate for one in self.flat_out)

    @property
    def writes_each(self) -> float:
        """Majority writes of a mail."""
        return self.majority_writes / sum(one.mails for one in self.flat_out)

    def cpu(self, whose: str) -> float | None:
        """Return milliseconds of CPU a mail, the median of all laps flat out."""
        used = [one.cpu[whose] / one.mails for one in self.flat_out if whose in one.cpu]
        return median(used) * 1000 if used else None

    def delay(self, percent: float) -> float:
        """Return milliseconds from final dot to event at half load, the median of all laps."""
        return median(percentile(one.delays, percent) for one in self.half_load) * 1000

    def acceptance(self, percent: float) -> float:
        """Return milliseconds from final dot to 250 at half load, the median of all laps."""
        return median(percentile(one.acceptance, percent) for one in self.half_load) * 1000


@dataclass(frozen=True, slots=True)
class Comparison:
    """The measured systems and their load: at `most` so many mails in one lap."""

    servers: Servers
    product: MeasuredSystem
    floor: MeasuredSystem
    mails: int
    rounds: int
    half_load_seconds: float
    most: int

    async def run(self) -> tuple[Score, Score]:
        """Return the scores of the product and of the floor."""
        scores = Score(), Score()
        for measured in (self.floor, self.product):
            await self._flat_out(measured, Score(), self.mails // 4)
        for number in range(self.rounds):
            report(f"flat out, round {number + 1} of {self.rounds}")
            for measured, score in self._turns(scores, number):
                await self._flat_out(measured, score, self.mails)
        for number in range(self.rounds):
            report(f"half load, round {number + 1} of {self.rounds}")
            for measured, score in self._turns(scores, number):
                await self._half_load(measured, score)
        return scores

    def _turns(
        self, scores: tuple[Score, Score], number: int
    ) -> Sequence[tuple[MeasuredSystem, Score]]:
        turns = [(self.product, scores[0]), (self.floor, scores[1])]
        return turns if number % 2 else turns[::-1]

    async def _flat_out(self, measured: MeasuredSystem, score: Score, mails: int) -> None:
        before = await majority_writes(self.servers.mongodb_url)
        score.flat_out.append(
            await lap(measured, self.servers, partial(flat_out, mails, measured.port))
        )
        score.majority_writes += await majority_writes(self.servers.mongodb_url) - before
        await self._settle(measured)

    async def _half_load(self, measured: MeasuredSystem, score: Score) -> None:
        rate = score.rate / 2
        mails = min(max(20, int(rate * self.half_load_seconds)), self.most)
        send = partial(on_schedule, measured.port, mails, rate=rate)
        score.half_load.append(await lap(measured, self.servers, send))
        await self._settle(measured)

    async def _settle(self, measured: MeasuredSystem) -> None:
        """Leave what goes on behind the last event to the one whose it is, not to the next."""
        await asyncio.sleep(_STILL_BUSY)
        await measured.rest()


def comparison_section(product: Score, floor: Score) -> Section:
    """Return the rows that compare both."""
    return Section(
        "The product beside the floor (8 kB mails, 20 connections)",
        "product",
        [
            Row("mails, flat out", "1/s", product.rate, floor.rate, RATE),
            Row("half load is", "1/s", product.rate / 2, floor.rate / 2),
            Row("dot to event at half load, p50", "ms", product.delay(50), floor.delay(50)),
            Row("dot to event at half load, p99", "ms", product.delay(99), floor.delay(99), TAIL),
            Row("dot to 250 at half load, p50", "ms", product.acceptance(50), floor.acceptance(50)),
            Row("dot to 250 at half load, p99", "ms", product.acceptance(99), floor.acceptance(99)),
            *(
                Row(
                    f"CPU a mail, {whose}",
                    "ms",
                    product.cpu(whose),
                    floor.cpu(whose),
                    CPU if whose == TOGETHER else None,
                )
                for whose in product.flat_out[0].cpu
            ),
            Row("majority writes a mail", "", product.writes_each, floor.writes_each),
        ],
        right="floor",
        notes=["flat out: from the first mail to the last event; half load: of its own rate"],
    )
