"""`python -m tests.bench.outbound`: how many mails a second one outbound process hands over.

With `--beside CHECKOUT` another checkout (with a `.venv` of its own) is measured in the same run,
by turns, on the same servers. The next mail server takes everything at once.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import uvloop
from pymongo import AsyncMongoClient

from deploy.local.folders import CHECKOUT, temporary_folder
from deploy.local.processes.ports import free_port
from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from shared.domain.lifecycle import State
from shared.storage.interactions import interaction_store
from tests.bench.instruments.database_trace import majority_writes
from tests.bench.instruments.processes import cpu_seconds
from tests.bench.tables.table import Aim, Row, Section
from tests.fixtures.broker import Broker

_ORDERS: Final = CHECKOUT / "tests" / "bench" / "load" / "outbound_orders.py"
_LOOKS_EVERY: Final = 0.02
_LONGEST_LAP: Final = 120
_WARMING_UP: Final = 50
_FASTER: Final = Aim("at least 1.45", 1.45, at_least=True)


@dataclass(frozen=True, slots=True)
class Lap:
    """One run of mails: the time until all were announced as sent, and its cost."""

    mails: int
    seconds: float
    processor: float
    majority_writes: int


@dataclass
class MeasuredCheckout:
    """One checkout's outbound, with a database and a virtual host of its own."""

    checkout: Path
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process
    laps: list[Lap] = field(default_factory=list)
    told: int = 0

    @property
    def python(self) -> str:
        """The interpreter with what this checkout needs."""
        return python_of(self.checkout)

    async def lap(self, mails: int) -> Lap:
        """Order mails while outbound is suspended, resume it, and wait until each is sent."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            await run(self.checkout, self.environment, "-P", str(_ORDERS), str(mails))
            url = self.environment["MONGODB_URL"]
            writes, processor = await majority_writes(url), cpu_seconds([self.process.pid])
        finally:
            began = time.monotonic()
            self.process.send_signal(signal.SIGCONT)
        self.told += mails
        async with asyncio.timeout(_LONGEST_LAP):
            await _sent(url, self.told)
        return Lap(
            mails,
            time.monotonic() - began,
            cpu_seconds([self.process.pid]) - processor,
            await majority_writes(url) - writes,
        )

    def median(self, figure: Callable[[Lap], float]) -> float:
        """Return the median of a figure over all laps."""
        return median(map(figure, self.laps))


class AcceptingMailServer(asyncio.Protocol):
    """A mail server that says yes to everything."""

    _ANSWERS: Final = {b"EHLO": b"250-taker.example\r\n250 8BITMIME\r\n", b"DATA": b"354 go on\r\n"}

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._came = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._answer(b"220 taker.example\r\n")

    def data_received(self, data: bytes) -> None:
        self._came += data
        while self._in_body or b"\n" in self._came:
            end = b"\r\n.\r\n" if self._in_body else b"\n"
            line, found, rest = self._came.partition(end)
            if not found:
                return
            self._came = rest
            if self._in_body:
                self._in_body = False
                self._answer(b"250 taken\r\n")
            else:
                verb = line[:4].upper()
                self._in_body = verb == b"DATA"
                self._answer(self._ANSWERS.get(verb, b"250 yes\r\n"))

    def _answer(self, octets: bytes) -> None:
        if self._transport:
            self._transport.write(octets)


def python_of(checkout: Path) -> str:
    """Return the interpreter of a checkout: this one for our own."""
    return sys.executable if checkout == CHECKOUT else str(checkout / ".venv" / "bin" / "python")


async def run(checkout: Path, environment: Mapping[str, str], *words: str) -> None:
    """Run something of a checkout to its end.

    Raises:
        NotPossibleError: It failed; says what it said.
    """
    process = await asyncio.create_subprocess_exec(
        *tethered([python_of(checkout), *words]),
        cwd=checkout,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise NotPossibleError(f"{' '.join(words)} failed in {checkout}:\n{said.decode()}")


async def _sent(mongodb_url: str, wanted: int) -> None:
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        collection = client.get_default_database()[interaction_store.COLLECTION]
        while True:
            if await collection.count_documents({"state": State.SENT}) >= wanted:
                return
            await asyncio.sleep(_LOOKS_EVERY)


@asynccontextmanager
async def outbound_of(
    checkout: Path, up: Servers, name: str, folder: Path, smtp_port: int
) -> AsyncIterator[MeasuredCheckout]:
    """Run one checkout's outbound while the block runs."""
    with _virtual_host(up) as rabbitmq_url:
        environment = {
            **os.environ,
            "PYTHONPATH": str(checkout),
            "RABBITMQ_URL": rabbitmq_url,
            "MONGODB_URL": urlsplit(up.mongodb_url)._replace(path=f"/{name}").geturl(),
            "PROBE_HOST": "127.0.0.1",
            "PROBE_PORT": str(free_port()),
            "OUTBOUND_SMTP_HOST": "127.0.0.1",
            "OUTBOUND_SMTP_PORT": str(smtp_port),
            "OUTBOUND_SMTP_TLS": "none",
        }
        description = checkout / "deploy" / "local" / "contact-center.yaml"
        await run(checkout, environment, "-m", "services.console", "apply", str(description))
        await run(checkout, environment, "-P", str(_ORDERS), "0")
        with (folder / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *tethered([python_of(checkout), "-m", "services.outbound"]),
                cwd=checkout,
                env=environment,
                stdout=log,
                stderr=log,
            )
            try:
                await _ready(environment["PROBE_PORT"])
                yield MeasuredCheckout(checkout, environment, process)
            finally:
                process.kill()
                await process.wait()


def _virtual_host(up: Servers) -> contextlib.AbstractContextManager[str]:
    if up.rabbitmq is None:
        raise NotPossibleError("outbound is measured on servers of our own")
    return Broker(up.rabbitmq.url, up.rabbitmq.management_url).virtual_host()


async def _ready(port: str) -> None:
    async with asyncio.timeout(60), httpx2.AsyncClient() as client:
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                if (await client.get(f"http://127.0.0.1:{port}/ready")).is_success:
                    return
            await asyncio.sleep(_LOOKS_EVERY)


async def measure(
    checkouts: Sequence[Path], up: Servers, folder: Path, *, mails: int, rounds: int
) -> list[MeasuredCheckout]:
    """Return each side with its laps, made by turns."""
    port = free_port()
    taker = await asyncio.get_running_loop().create_server(AcceptingMailServer, "127.0.0.1", port)
    async with AsyncExitStack() as stack:
        stack.callback(taker.close)
        sides = [
            await stack.enter_async_context(outbound_of(one, up, f"outbound{number}", folder, port))
            for number, one in enumerate(checkouts)
        ]
        for one in sides:
            await one.lap(_WARMING_UP)
        for number in range(rounds):
            for one in sides if number % 2 == 0 else reversed(sides):
                one.laps.append(await one.lap(mails))
                report(f"{one.checkout}: {mails / one.laps[-1].seconds:.0f} mails/s")
        return sides


def section(sides: Sequence[MeasuredCheckout]) -> Section:
    """Return the table: ours, and the other checkout where there is one."""
    return Section(
        "One outbound process, medians of all laps",
        "ours",
        list(_rows(sides)),
        right=sides[1].checkout.name if len(sides) > 1 else "",
    )


def _rows(sides: Sequence[MeasuredCheckout]) -> Iterator[Row]:
    figures: tuple[tuple[str, str, Callable[[Lap], float], Aim | None], ...] = (
        ("mails", "1/s", lambda lap: lap.mails / lap.seconds, _FASTER),
        ("mails, of a processor", "1/s", lambda lap: lap.mails / lap.processor, None),
        ("majority writes", "a mail", lambda lap: lap.majority_writes / lap.mails, None),
    )
    for name, unit, figure, aim in figures:
        ours, theirs = (*(one.median(figure) for one in sides), None)[:2]
        yield Row(name, unit, ours, theirs, aim if theirs else None)


def main() -> int:
    """Measure and print one table on standard output."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.outbound", description=__doc__)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="compare with this one")
    parser.add_argument("--mails", type=int, default=600, help="how many mails a lap has")
    parser.add_argument("--rounds", type=int, default=3, help="how many laps each has")
    asked = parser.parse_args()
    checkouts = [CHECKOUT, *([asked.beside.resolve()] if asked.beside else [])]
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            temporary_folder() as folder,
            servers(folder, environment={}) as up,
        ):
            sides = uvloop.run(
                measure(checkouts, up, folder, mails=asked.mails, rounds=asked.rounds)
            )
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    sys.stdout.write("\n".join([*section(sides).lines(), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
