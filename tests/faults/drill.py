"""`make drill`: everything that an operator fears, one after the other, while mail flows.

Each blow falls under load. Printed is what became of every mail, and how long a mail that was
handed in right after the blow took until its answer had left.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import aio_pika

from deploy.local.folders import LOCAL
from deploy.local.processes.ports import free_port
from deploy.local.programs.mongod import find_mongod
from deploy.local.progress import report
from deploy.local.servers.accounts import Access, Accounts
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ, RabbitPorts
from shared.messaging.topology import WORK_QUEUES
from tests.faults.load import under_load
from tests.support import record_reader
from tests.support.breakable_system import (
    WORKERS,
    BreakableStack,
    BreakableSystem,
    new_run,
    open_breakable_system,
)
from tests.support.mail_senders import message_ids
from tests.support.record_checker import RunRecord, check
from tests.support.waiting import until

_MAILS: Final = 60
_AWAY_SECONDS: Final = 10.0
_NORMAL_WITHIN: Final = 180.0


Blow = Callable[[BreakableStack], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Result:
    """The cost of one blow. `seconds` is the time until normal; None where it never was."""

    name: str
    record: RunRecord
    seconds: float | None

    @property
    def faults(self) -> list[str]:
        """The faults that were found, in words."""
        found = [str(one) for one in check(self.record)]
        return found if self.seconds is not None else [*found, "never normal again"]

    def line(self) -> str:
        """Return the row of the report."""
        sent = sum(reply.state == "sent" for reply in self.record.replies)
        seconds = "never" if self.seconds is None else f"{self.seconds:.1f} s"
        return (
            f"{self.name:<32} {len(self.record.accepted):>8} {len(self.record.inbound):>12} "
            f"{sent:>5} {seconds:>9}  {'; '.join(self.faults) or 'balanced'}"
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
    f"next server away {_AWAY_SECONDS:.0f} s": take_next_server,
    "poison in every queue": poison,
}


async def drill(stack: BreakableStack, name: str, blow: Blow, mails: int) -> Result:
    """Strike once under load; return what it cost."""
    async with under_load(stack.breakable, mails=mails) as load:
        await load.told(mails)
        began = time.monotonic()
        striking = asyncio.create_task(blow(stack))
        seconds = await _time_until_normal(stack.breakable, began)
        await striking
        record = await load.finish()
    return Result(name, record, seconds)


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
            yield BreakableStack(breakable, rabbitmq, mongodb)
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
    print(f"{'':<32} {'accepted':>8} {'interactions':>12} {'sent':>5} {'normal in':>9}")
    for result in results:
        print(result.line())
    return int(any(result.faults for result in results))


if __name__ == "__main__":
    sys.exit(main())
