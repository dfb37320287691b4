"""The cost of sweeps while nothing is due: `python -m tests.bench.sweeps`.

Fills collections with a million documents each (`LARGE_DOCUMENTS`) and as many agents as
`LARGE_AGENTS` says, and runs each sweep of the services, and the pages of `GET /interactions`, in
turn. Prints milliseconds: the median and the longest of twenty.
"""

import asyncio
import logging
import os
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from statistics import median
from urllib.parse import urlsplit

import structlog

os.environ.setdefault("LARGE_DOCUMENTS", "1000000")

from deploy.local.folders import LOCAL, temporary_folder
from deploy.local.processes.ports import free_port
from deploy.local.programs.mongod import find_mongod
from deploy.local.servers.mongodb import LocalMongoDB
from services.attachments.upload_sweeper import UploadSweeper
from services.gateway.interaction_queries import InteractionQueries
from services.routing.app import Dependencies, Parts, assemble
from services.routing.policy import Policy
from shared.storage import indexes
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database, Document, open_database
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.files.vault import Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails import uncertain_deliveries
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.upload_store import UploadStore
from tests.connected.queries.large import (
    AGENTS,
    DOCUMENTS,
    LargeDatabase,
    fill_database,
    held_id,
    number,
)

TIMES = 20

Chore = Callable[[], Awaitable[object]]


class _Broker:
    def is_open(self) -> bool:
        return True


async def _nobody(_: str, __: object) -> None:
    """Publish nothing."""


def _routing(large: LargeDatabase) -> Parts:
    database, clock = large.database, large.clock
    return assemble(
        Dependencies(
            database=database,
            interactions=InteractionStore(database, clock, _nobody),
            agents=AgentStore(database, clock, _nobody),
            configuration=ConfigurationStore(database, clock),
            clock=clock,
            policy=Policy(),
            broker=_Broker(),
            holder="bench",
        )
    )


def sweeps(large: LargeDatabase, routing: Parts) -> dict[str, Chore]:
    """Return what services do again and again, by name."""
    database, clock = large.database, large.clock

    async def fill() -> None:
        await routing.filler.request_all()
        await routing.filler.wait_until_idle()

    async def request_attempt() -> None:
        async for _ in DeliveryStore(database, clock, _nobody).request_due_attempts():
            pass

    def owed(collection: str) -> Chore:
        async def look() -> None:
            outbox = CollectionOutbox(database[collection], clock)
            async for _ in outbox.unpublished(clock.now()):
                pass

        return look

    sweeping = UploadSweeper(
        interactions=InteractionStore(database, clock, _nobody),
        uploads=UploadStore(database, clock),
        vault=Vault(database, clock),
        clock=clock,
    )
    return {
        "routing: revoke_unanswered": routing.revocations.revoke_unanswered,
        "routing: audit_places": routing.place_audit.audit_places,
        "routing: reclaim_from_absent": routing.absent_agents.reclaim_from_absent,
        "routing: reclaim_untouched": routing.absent_agents.reclaim_untouched,
        "routing: a pass through each queue": fill,
        "outbound: summon_due": request_attempt,
        "outbound: count_uncertain": lambda: uncertain_deliveries.count_uncertain(database),
        "attachments: sweep": sweeping.sweep,
    } | {f"outbox of {name}": owed(name) for name in _owing()}


def _owing() -> list[str]:
    return [
        name
        for name, models in indexes.INDEXES.items()
        if any(model.document["name"] == "owing" for model in models)
    ]


def pages(database: Database) -> dict[str, Chore]:
    """Return the pages of `GET /interactions`, by what they are filtered by."""
    desk = InteractionQueries(database)

    def page(filters: Document) -> Chore:
        return lambda: desk.active(dict(filters), after="", offset=0, limit=101)

    return {
        "GET /interactions": page({}),
        "GET /interactions?currentQueue= (a backlog)": page({"queue": "support"}),
        "GET /interactions?currentQueue= (an empty one)": page({"queue": "nowhere"}),
        "GET /interactions?threadId=": page({"thread_id": held_id(1)}),
        "GET /interactions?threadId= (finished)": page({"thread_id": number(3)}),
        "GET /interactions?parentInteractionId=": page({"parent_id": held_id(1)}),
        "GET /interactions?interactionSubType= (none)": page({"subtype": "OutboundNew"}),
    }


async def _milliseconds(chore: Chore) -> list[float]:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await chore()
        took.append((time.perf_counter() - began) * 1000)
    return took


async def _measure(url: str) -> list[str]:
    name = f"sweeps_{secrets.token_hex(6)}"
    own = urlsplit(url)._replace(path=f"/{name}").geturl()
    async with open_database(own, name="bench") as database:
        large = await fill_database(database)
        routing = _routing(large)
        lines = [f"{DOCUMENTS} documents, {AGENTS} agents, nothing due   median   longest  (ms)"]
        async with routing.filler.running():
            chores = sweeps(large, routing) | pages(database)
            for what, chore in chores.items():
                took = await _milliseconds(chore)
                lines.append(f"{what:<48}{median(took):>9.1f}{max(took):>10.1f}")
        await database.client.drop_database(name)
    return lines


def main() -> int:
    """Measure on the server of `MONGODB_URL`, or on one of its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with ExitStack() as stack:
        url = os.environ.get("MONGODB_URL")
        if url is None:
            folder = stack.enter_context(temporary_folder())
            server = LocalMongoDB(folder / "mongodb", free_port(), find_mongod(LOCAL))
            stack.callback(server.discard)
            server.start()
            url = server.url
        sys.stdout.write("\n".join([*asyncio.run(_measure(url)), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
