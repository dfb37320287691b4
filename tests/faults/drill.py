"""`make drill`: everything that an operator fears, one after the other, while mail flows.

Each blow falls under load. Printed is what became of every mail, and how long a mail that was
handed in right after the blow took until its answer had left.

An answer whose delivery is in doubt is counted apart, and counts as neither sent nor lost: the
drill then decides about it as an operator does, by what the next server has. Balanced means that
after this every answer has left exactly once.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import aio_pika

from deploy.local.folders import LOCAL
from deploy.local.processes.ports import free_port
from deploy.local.programs.mongod import find_mongod
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.accounts import Access, Accounts
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ, RabbitPorts
from deploy.local.stack.services import console_environment
from deploy.local.stack.system import CONSOLE
from shared.messaging.topology import WORK_QUEUES
from tests.faults.under_load.load import under_load
from tests.support import record_reader
from tests.support.record_checker import Reply, RunRecord, check
from tests.support.systems.breakable_system import (
    WORKERS,
    BreakableStack,
    BreakableSystem,
    new_run,
    open_breakable_system,
)
from tests.support.systems.mail_senders import message_ids
from tests.support.waiting import until

_MAILS: Final = 60
_AWAY_SECONDS: Final = 10.0
_NORMAL_WITHIN: Final = 180.0
NEXT_SERVER_AWAY: Final = f"next server away {_AWAY_SECONDS:.0f} s"


Blow = Callable[[BreakableStack], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Result:
    """The cost of one blow. `seconds` is the time until normal; None where it never was.

    `doubts` are the answers that were in doubt before the operator decided about them, `record` is
    from after that.
    """

    name: str
    record: RunRecord
    seconds: float | None
    doubts: Sequence[Reply] = ()

    @property
    def sent(self) -> int:
        """How many answers are sent, those that an operator decided about included."""
        return sum(reply.state == "sent" for reply in self.record.replies)

    @property
    def faults(self) -> list[str]:
        """The faults that were found, in words."""
        found = [str(one) for one in check(self.record)]
        found += [
            f"{reply.message_id} was not sent but {reply.state}"
            for reply in self.record.replies
            if reply.state != "sent"
        ]
        if self.name not in LEAVES_DOUBTS:
            found += [f"{reply.message_id} was in doubt without need" for reply in self.doubts]
        return found if self.seconds is not None else [*found, "never normal again"]

    def line(self) -> str:
        """Return the row of the report."""
        seconds = "never" if self.seconds is None else f"{self.seconds:.1f} s"
        return (
            f"{self.name:<32} {len(self.record.accepted):>8} {len(self.record.inbound):>12} "
            f"{len(self.doubts):>8} {self.sent:>5} {seconds:>9}  "
            f"{'; '.join(self.faults) or 'balanced'}"
        )


def kill(service: str) -> Blow:
    """Return the blow that kills one service; its supervisor starts it again."""

    async def strike(stack: BreakableStack) -> None:
        stack.breakable.signal(service, signal.SIGKILL)
        await stack.breakable.ended(service)

    return strike


async def kill_broker(stack: BreakableStack) -> None:
    """Kill the broker and start it again."""
    stack.rabbitmq.kill()
    await asyncio.to_thread(stack.rabbitmq.start)


async def wipe_broker(stack: BreakableStack) -> None:
    """Kill the broker, take all its data, and start it again."""
    stack.rabbitmq.kill()
    stack.rabbitmq.wipe()
    await asyncio.to_thread(stack.rabbitmq.start)


async def kill_database(stack: BreakableStack) -> None:
    """Kill the database and start it again."""
    stack.mongodb.kill()
    await asyncio.to_thread(stack.mongodb.start)


async def take_next_server(stack: BreakableStack) -> None:
    """Have the next mail server away for a while."""
    sink = stack.breakable.system.sink
    sink.close()
    await asyncio.sleep(_AWAY_SECONDS)
    await sink.listen()


async def poison(stack: BreakableStack) -> None:
    """Put an unreadable message into each work queue."""
    connection = await aio_pika.connect(stack.breakable.rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        for queue in WORK_QUEUES:
            message = aio_pika.Message(b"{", message_id=str(uuid4()), delivery_mode=2)
            await channel.default_exchange.publish(message, queue.name)


BLOWS: Final[dict[str, Blow]] = {
    **{f"{service} killed": kill(service) for service in WORKERS},
    "broker killed": kill_broker,
    "broker wiped": wipe_broker,
    "database killed": kill_database,
    NEXT_SERVER_AWAY: take_next_server,
    "poison in every queue": poison,
}
LEAVES_DOUBTS: Final = frozenset({"outbound killed", NEXT_SERVER_AWAY})
"""Blows that end sessions in which the next server has the whole mail and has not answered yet."""


async def drill(stack: BreakableStack, name: str, blow: Blow, mails: int) -> Result:
    """Strike once under load; return what it cost."""
    async with under_load(stack.breakable, mails=mails) as load:
        await load.told(mails)
        began = time.monotonic()
        striking = asyncio.create_task(blow(stack))
        seconds = await _time_until_normal(stack.breakable, began)
        await striking
        record = await load.finish()
        doubts = in_doubt(record)
        if doubts:
            await decide_doubts(stack, doubts, record)
            record = await load.finish()
    return Result(name, record, seconds, doubts)


def in_doubt(record: RunRecord) -> list[Reply]:
    """Return the answers of which nobody knows yet whether the next server took them."""
    return [reply for reply in record.replies if reply.state == "uncertain"]


async def decide_doubts(stack: BreakableStack, doubts: Sequence[Reply], record: RunRecord) -> None:
    """Do as an operator does: settle what the next server has, have the rest sent once more."""
    there = {mail.message_id for mail in record.sent_mails}
    for reply in doubts:
        if reply.message_id in there:
            await _mailroom(stack, "settle", reply.id, "--sent")
        else:
            await _mailroom(stack, "resend", reply.id, "--yes")


async def _mailroom(stack: BreakableStack, *arguments: str) -> None:
    """Run a command of the operator.

    Raises:
        NotPossibleError: The command failed; says what it printed.
    """
    process = await asyncio.create_subprocess_exec(
        *CONSOLE,
        *arguments,
        env=console_environment(stack.access),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise NotPossibleError(f"mailroom {' '.join(arguments)} failed:\n{output.decode()}")


async def _time_until_normal(breakable: BreakableSystem, began: float) -> float | None:
    """Return when the answer to a mail that is handed in now has left, in seconds."""
    run = new_run()
    await breakable.senders().hand_in(message_ids(run, 1))

    async def has_left() -> bool:
        return bool(record_reader.sent_mails(breakable.sent, run))

    return time.monotonic() - began if await until(has_left, _NORMAL_WITHIN) else None


@asynccontextmanager
async def open_stack(folder: Path) -> AsyncIterator[BreakableStack]:
    """Give a system on servers of its own, each service as its own user."""
    accounts = Accounts.kept_in(folder / "passwords.json")
    rabbitmq = LocalRabbitMQ(
        folder / "rabbitmq", RabbitPorts.choose(), management=True, accounts=accounts
    )
    mongodb = LocalMongoDB(folder / "mongodb", free_port(), find_mongod(LOCAL))
    try:
        for server in (rabbitmq, mongodb):
            await asyncio.to_thread(server.start)
        access = Access(rabbitmq.url, mongodb.url, rabbitmq.management_url, accounts)
        async with open_breakable_system(access, folder) as breakable:
            yield BreakableStack(breakable, rabbitmq, mongodb, access)
    finally:
        rabbitmq.discard()
        mongodb.discard()


async def run(names: list[str], mails: int) -> list[Result]:
    """Return the result of each blow, printed as it comes."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        async with open_stack(Path(folder)) as stack:
            for name in names:
                report(f"drill: {name}")
                with contextlib.redirect_stdout(sys.stderr):
                    result = await drill(stack, name, BLOWS[name], mails)
                report(result.line())
                results.append(result)
    return results


def main() -> int:
    """Run the drill; exit 1 where anything was lost, sent twice, or never normal again."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.drill", description=__doc__)
    parser.add_argument("--mails", type=int, default=_MAILS, help="mails on their way at each blow")
    parser.add_argument("--only", choices=BLOWS, action="append", help="some of the blows")
    asked = parser.parse_args()
    results = asyncio.run(run(asked.only or list(BLOWS), asked.mails))
    print(
        f"{'':<32} {'accepted':>8} {'interactions':>12} {'in doubt':>8} {'sent':>5} "
        f"{'normal in':>9}"
    )
    for result in results:
        print(result.line())
    return int(any(result.faults for result in results))


if __name__ == "__main__":
    sys.exit(main())
