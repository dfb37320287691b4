"""Operations of two checkouts by turns: each run's product beside the bare endpoint of that run."""

import asyncio
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from deploy.local.folders import CHECKOUT
from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError, report
from tests.bench.tables.table import Aim, Row, Section

NOT_WORSE: Final = Aim("at least 0.9", 0.9, at_least=True)

_RATE: Final = re.compile(r"  (?P<name>.+?) +1/s +(?P<product>[\d,.]+) +(?P<bare>[\d,.]+) .*")

Ratios = Mapping[str, float]
"""By operation, and by operation until its event: the product's rate divided by the bare one's."""


def ratios(printed: str) -> Ratios:
    """Return the ratios of the tables that a run of `tests.bench.operations` has printed."""
    found, about = {}, ""
    for line in printed.splitlines():
        if line and not line.startswith(" "):
            about = " until the event" if "event" in line else ""
        elif rate := _RATE.fullmatch(line):
            found[rate["name"] + about] = _number(rate["product"]) / _number(rate["bare"])
    return found


async def measure_by_turns(
    checkouts: Sequence[Path], *, rounds: int, quick: bool
) -> list[list[Ratios]]:
    """Return for each checkout the ratios of its runs; every run has servers of its own.

    Raises:
        NotPossibleError: A run failed; it has said why.
    """
    runs: list[list[Ratios]] = [[] for _ in checkouts]
    turns = list(zip(checkouts, runs, strict=True))
    for number in range(rounds):
        for checkout, own in turns if number % 2 == 0 else reversed(turns):
            own.append(ratios(await _run(checkout, quick=quick)))
            report(f"{checkout}: {_words(own[-1])}")
    return runs


def section(ours: Sequence[Ratios], theirs: Sequence[Ratios], name: str) -> Section:
    """Return the table of medians; `name` is that of the other checkout."""
    return Section(
        f"Operations: product divided by bare endpoint, medians of {len(ours)} runs by turns",
        "ours",
        list(_rows(ours, theirs)),
        right=name,
    )


def _rows(ours: Sequence[Ratios], theirs: Sequence[Ratios]) -> Iterator[Row]:
    for name in ours[0]:
        if all(name in one for one in theirs):
            left, right = (median(one[name] for one in runs) for runs in (ours, theirs))
            yield Row(name, "ratio", left, right, NOT_WORSE)


async def _run(checkout: Path, *, quick: bool) -> str:
    python = sys.executable if checkout == CHECKOUT else checkout / ".venv" / "bin" / "python"
    words = ["-m", "tests.bench.operations", *(["--quick"] if quick else [])]
    process = await asyncio.create_subprocess_exec(
        *tethered([str(python), *words]),
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise NotPossibleError(f"the operations of {checkout} were not measured")
    return printed.decode()


def _words(found: Ratios) -> str:
    return ", ".join(f"{name} {ratio:.2f}" for name, ratio in found.items())


def _number(text: str) -> float:
    return float(text.replace(",", ""))
