"""Memory over many mails, each with its whole life: arrived, accepted, completed."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.local.progress import report
from tests.bench.load.smtp_sender import flat_out
from tests.bench.systems.product import Product
from tests.bench.tables.figures import growth
from tests.bench.tables.table import Aim, Row, Section

IDLE = Aim("under 90 MB", 90.0)
FLAT = Aim("grows at most 0.5 kB a mail", 0.5)
ENOUGH = 5_000
"""Fewer mails say nothing about growth: an allocator's first steps look like a leak."""

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory in MB after so many mails."""

    mails: int
    megabytes: dict[str, float]


async def soak(product: Product, mails: int, *, every: int) -> list[Sample]:
    """Take mails through the product and measure at intervals; agents work from now on."""
    for agent in product.agents:
        agent.works = True
    samples = [Sample(0, product.resident())]
    done = 0
    while done < mails:
        step = min(every, mails - done)
        await _take_through(product, step)
        done += step
        samples.append(Sample(done, product.resident()))
        report(f"{done} of {mails} mails: {_words(samples[-1])}")
    return samples


async def _take_through(product: Product, mails: int) -> None:
    measured = product.measured
    while mails > 0:
        some = min(_AT_ONCE, mails)
        sent = await flat_out(some, measured.port)
        await measured.heard.all_of([one.subject for one in sent])
        mails -= some


def memory_section(idle: dict[str, float], samples: Sequence[Sample]) -> Section:
    """Return idle and loaded memory of each process, and how it grows."""
    last = samples[-1]
    names = list(last.megabytes)
    rows = [Row(f"{name}, idle", "MB", idle[name], aim=IDLE) for name in names if name in idle]
    rows += [Row(f"{name}, under load", "MB", max(_of(name, samples))) for name in names]
    rows += [
        Row(f"{name}, growth", "kB a mail", _growth(name, samples), aim=FLAT) for name in names
    ]
    return Section(
        f"Resident memory, {last.mails} mails received, accepted, completed",
        "product",
        rows,
        notes=[f"after {one.mails}: {_words(one)}" for one in samples],
    )


def _growth(name: str, samples: Sequence[Sample]) -> float | None:
    """Return kB a mail behind the first quarter, None where that is too little to tell."""
    total = samples[-1].mails
    if total < ENOUGH:
        return None
    late = [one for one in samples if one.mails >= total / 4 and name in one.megabytes]
    slope = growth([(one.mails, one.megabytes[name]) for one in late])
    return None if slope is None else slope * 1000


def _of(name: str, samples: Sequence[Sample]) -> list[float]:
    return [one.megabytes[name] for one in samples if name in one.megabytes]


def _words(sample: Sample) -> str:
    return ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in sample.megabytes.items())
