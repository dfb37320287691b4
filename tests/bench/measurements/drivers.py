"""PyMongo Async beside Motor, each in a process of its own, in an environment made for that."""

import asyncio
import json
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

from deploy.local.folders import LOCAL
from deploy.local.progress import NotPossibleError, waiting
from tests.bench.tables.table import Row, Section

LOCK = Path(__file__).with_name("motor.lock")
PROBE = Path(__file__).with_name("driver_probe.py")
VENV = LOCAL / "bench-venv"
DRIVERS = ("pymongo", "motor")

Answer = dict[str, Any]


async def compare_drivers(mongodb_url: str, *, count: int, rounds: int) -> Section:
    """Measure both drivers in turns and return their rows, PyMongo Async on the left.

    Raises:
        NotPossibleError: The environment cannot be made, or a probe fails; says why.
    """
    await _make_environment()
    answers: dict[str, list[Answer]] = {driver: [] for driver in DRIVERS}
    for _ in range(rounds):
        for driver in DRIVERS:
            answers[driver].append(await _probe(driver, count, mongodb_url))
    rows = [row for name in answers["motor"][0]["figures"] for row in _rows(name, answers)]
    return Section(
        "PyMongo Async beside Motor, fifty callers at once",
        "PyMongo Async",
        rows,
        right="Motor",
        notes=[f"versions: {_versions(answers)}"],
    )


def _rows(name: str, answers: dict[str, list[Answer]]) -> list[Row]:
    def middle(driver: str, figure: str) -> float:
        return median(float(one["figures"][name][figure]) for one in answers[driver])

    return [
        Row(name, unit, middle("pymongo", figure), middle("motor", figure))
        for figure, unit in (("per second", "ops/s"), ("microseconds", "CPU us each"))
    ]


def _versions(answers: dict[str, list[Answer]]) -> str:
    return "; ".join(
        " and ".join(f"{name} {version}" for name, version in sorted(found[0]["versions"].items()))
        for found in answers.values()
    )


async def _make_environment() -> None:
    stamp = VENV / "lock"
    wanted = LOCK.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    with waiting("making .local/bench-venv for Motor"):
        await _run(sys.executable, "-m", "venv", "--clear", str(VENV))
        await _run(
            *(str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)),
        )
    stamp.write_text(wanted, encoding="utf-8")


async def _probe(driver: str, count: int, mongodb_url: str) -> Answer:
    python = VENV / "bin" / "python"
    answer: Answer = json.loads(
        await _run(str(python), "-I", str(PROBE), driver, str(count), MONGODB_URL=mongodb_url)
    )
    return answer


async def _run(*command: str, **environment: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise NotPossibleError(f"{' '.join(command)}:\n{errors.decode(errors='replace')}")
    return output
