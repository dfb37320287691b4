"""The commands to the database for one mail, by service and purpose."""

from collections import Counter
from functools import partial
from pathlib import Path

from deploy.local.servers.running_servers import Servers
from tests.bench.instruments.database_trace import Operation, database_of, traced
from tests.bench.load.smtp_sender import on_schedule
from tests.bench.systems.measured_systems import MeasuredSystem, lap
from tests.bench.tables.table import Row, Section

_RARE = 10
"""Commands that fewer than one mail in so many takes are sweeps and chores: told together."""


async def cost_section(
    product: MeasuredSystem, servers: Servers, log: Path, *, mails: int, rate: float
) -> Section:
    """Send mails while mongod logs every command, and return the commands each mail took."""
    url = servers.mongodb_url
    async with traced(url, log, database_of(url)) as trace:
        await lap(product, servers, partial(on_schedule, product.port, mails, rate=rate))
        count = trace.count()
    return Section(
        f"Round trips to the database a mail takes ({mails} mails at {rate:.0f}/s)",
        "product",
        rows(count, mails),
        notes=["a removal from several outboxes in one bulk is one round trip"],
    )


def rows(count: Counter[Operation], mails: int) -> list[Row]:
    """Return one row for each kind of command, majority writes first, their total above all."""
    often = {one: number for one, number in count.items() if number >= mails / _RARE}
    rare = sum(number for one, number in count.items() if one not in often)
    majority = sum(number for one, number in count.items() if one.is_majority)
    ordered = sorted(often.items(), key=lambda item: (_rank(item[0]), -item[1]))
    return [
        Row("majority writes", "a mail", majority / mails),
        *(Row(_words(one), "a mail", number / mails) for one, number in ordered),
        Row("everything rarer", "a mail", rare / mails),
    ]


def _rank(one: Operation) -> int:
    return 0 if one.is_majority else 2 if one.concern == "read" else 1


def _words(one: Operation) -> str:
    who = one.client.removeprefix("mailroom ")
    what = f"{who}: {one.verb} {one.collection}"
    return what if one.concern == "read" else f"{what} (w={one.concern})"
