"""The way of one mail, step by step: `python -m tests.bench.chain`.

Mails come one after the other, each after the event of the one before. Commands to the database
and messages of the broker are put in the order in which they came; each line is the median of all
mails, in milliseconds after the final dot.
"""

import argparse
import contextlib
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.running_servers import Servers, servers
from shared.messaging.topology import all_exchanges
from tests.bench.instruments.database_trace import Operation, database_of, traced
from tests.bench.load.sample_mails import next_subject
from tests.bench.load.smtp_sender import connections
from tests.bench.systems.product import running_product

_MAILS = 50
_WARM_UP = 20
_OFTEN = 2
"""Steps that fewer than one mail in so many takes are sweeps and chores: left out."""

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: when its dot was written, its 250 read and its event heard, since 1970."""

    dot: float
    accepted: float
    heard: float


@dataclass(slots=True)
class Steps:
    """The steps and their times in seconds since 1970."""

    seen: list[tuple[float, str]] = field(default_factory=list)

    def note(self, what: str, at: float) -> None:
        """Note a step."""
        self.seen.append((at, what))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of most mails: its median in milliseconds after the dot, and how many took it."""

    after: float
    what: str
    mails: int


def chain(mails: Sequence[Mail], seen: Iterable[tuple[float, str]]) -> list[Step]:
    """Return the steps that most mails took, in order.

    A step belongs to the mail that was under way. What comes several times to one mail is counted
    by the number of its coming.
    """
    ordered = sorted(seen)
    found: dict[str, list[float]] = defaultdict(list)
    for mail in mails:
        times: dict[str, int] = defaultdict(int)
        for at, what in ordered:
            # mongod tells whole milliseconds.
            if mail.dot - 0.001 <= at <= mail.heard:
                times[what] += 1
                name = what if times[what] == 1 else f"{what} ({times[what]})"
                found[name].append(max(0.0, at - mail.dot))
    steps = [
        Step(median(after) * 1000, what, len(after))
        for what, after in found.items()
        if len(after) >= len(mails) / _OFTEN
    ]
    return sorted(
        [
            *steps,
            Step(median(one.accepted - one.dot for one in mails) * 1000, "250", len(mails)),
            Step(median(one.heard - one.dot for one in mails) * 1000, "event heard", len(mails)),
        ],
        key=lambda step: step.after,
    )


def lines(steps: Sequence[Step], mails: int) -> list[str]:
    """Return the chain as text."""
    rows, before = [f"The way of one mail (median of {mails}), ms after the final dot", ""], 0.0
    for step in steps:
        share = "" if step.mails == mails else f"  ({step.mails} of {mails})"
        rows.append(f"  {step.after:7.1f}  {step.after - before:+6.1f}  {step.what}{share}")
        before = step.after
    return [*rows, ""]


async def measure(up: Servers, folder: Path, mails: int) -> list[Step]:
    """Send mails one after the other and return the steps they took."""
    url, log = up.mongodb_url, folder / "mongodb" / "mongod.log"
    async with (
        running_product(up, folder, mails // 10 + 5) as product,
        connections(product.measured.port) as idle,
    ):
        connection = await idle.get()
        heard = product.measured.heard

        async def one() -> Mail:
            shift = time.time() - time.monotonic()
            sent = await connection.send(next_subject())
            moment = (await heard.all_of([sent.subject]))[sent.subject]
            return Mail(sent.dot + shift, sent.accepted + shift, moment + shift)

        for _ in range(_WARM_UP):
            await one()
        report(f"{mails} mails, one after the other")
        async with _messages(up.rabbitmq_url) as steps, traced(url, log, database_of(url)) as trace:
            found = [await one() for _ in range(mails)]
        for at, operation in trace.timed():
            steps.note(_words(operation), at)
    return chain(found, steps.seen)


@asynccontextmanager
async def _messages(url: str) -> AsyncIterator[Steps]:
    """Note every message that is published while the block runs."""
    steps = Steps()
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        for exchange, kind in all_exchanges().items():
            if kind == "topic":
                queue = await channel.declare_queue(exclusive=True)
                await queue.bind(exchange, "#")
                await queue.consume(_noting(steps), no_ack=True)
        yield steps


def _noting(steps: Steps) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    async def note(message: AbstractIncomingMessage) -> None:
        steps.note(f"broker: {message.exchange} {_kind(message.routing_key or '')}", time.time())

    return note


def _kind(routing_key: str) -> str:
    """Return a routing key without the agent that it ends with."""
    parts = routing_key.split(".")
    return ".".join(parts[: parts.index("v1") + 1]) if "v1" in parts else routing_key


def _words(operation: Operation) -> str:
    who = operation.client.removeprefix("mailroom ")
    concern = "" if operation.concern == "read" else f" (w={operation.concern})"
    return f"{who}: {operation.verb} {operation.collection}{concern}"


def main() -> int:
    """Measure on private servers and print the chain."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.chain", description=__doc__)
    parser.add_argument("--mails", type=int, default=_MAILS)
    mails = parser.parse_args().mails
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            temporary_folder() as folder,
            servers(folder, environment={}) as up,
        ):
            steps = uvloop.run(measure(up, folder, mails))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    sys.stdout.write("\n".join(lines(steps, mails)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
