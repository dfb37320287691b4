"""Sandboxes: a virtual host and a database each, which one test after another finds empty.

Queues and indexes take a second to make and a moment to empty. A test may also change them: delete
a queue, set a policy, drop a collection. Then the next test gets new ones.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aio_pika
from aio_pika.abc import AbstractConnection
from pymongo.read_concern import ReadConcern

from shared.messaging.declaration import declare_topology
from shared.messaging.topology import WORK_QUEUES, WorkQueue
from shared.storage.database.client import Database, open_database
from shared.storage.indexes import INDEXES, create_indexes
from tests.fixtures.broker import Broker

_Form = Mapping[str, Any]


@dataclass(frozen=True)
class Sandbox:
    """A virtual host with every queue and a database with every index, all of them empty."""

    rabbitmq_url: str
    database_url: str
    database: Database
    broker: Broker
    stack: AsyncExitStack

    def broker_definitions(self) -> _Form:
        """Return every exchange, queue, binding and policy."""
        host = urlsplit(self.rabbitmq_url).path
        definitions = json.loads(self.broker.call("GET", f"/api/definitions{host}"))
        return {kind: each for kind, each in definitions.items() if isinstance(each, list)}

    async def collection_identities(self) -> _Form:
        """Return the identity of every collection, and how many indexes there are."""
        statistics = await self.database.command("dbStats")
        return {"indexes": statistics["indexes"], **await _identities(self.database)}

    async def delete(self, queues: Iterable[str]) -> None:
        """Delete queues, and with them what is bound to them."""
        async with await aio_pika.connect(self.rabbitmq_url) as connection:
            channel = await connection.channel()
            for name in queues:
                await channel.queue_delete(name)

    async def purge(self) -> bool:
        """Remove all messages; return False if some may appear later."""
        async with await aio_pika.connect(self.rabbitmq_url) as connection:
            return all(await asyncio.gather(*(_purge(connection, one) for one in WORK_QUEUES)))

    async def clear(self) -> None:
        """Remove all documents, and every collection without an index."""
        names = frozenset(await _identities(self.database))
        async with asyncio.TaskGroup() as group:
            for name in await self._filled(sorted(names & INDEXES.keys())):
                group.create_task(self.database[name].delete_many({}))
            for name in names - INDEXES.keys():
                group.create_task(self.database.drop_collection(name))

    async def _filled(self, names: Sequence[str]) -> list[str]:
        """Return which collections have a document: a test fills a few, and there are forty."""
        if not names:
            return []
        looks: dict[str, list[_Form]] = {
            name: [{"$limit": 1}, {"$project": {"_id": False, "name": {"$literal": name}}}]
            for name in names
        }
        (first, look), *others = looks.items()
        joined = [{"$unionWith": {"coll": name, "pipeline": each}} for name, each in others]
        # A write that no majority has yet counts as well.
        newest = self.database[first].with_options(read_concern=ReadConcern("local"))
        return [one["name"] async for one in await newest.aggregate([*look, *joined])]


def _names(declared: _Form) -> set[str]:
    return {queue["name"] for queue in declared["queues"]}


def _sorted(declared: _Form) -> _Form:
    return {
        kind: sorted(json.dumps(one, sort_keys=True) for one in each)
        for kind, each in declared.items()
    }


async def _identities(database: Database) -> dict[str, Any]:
    """Return each collection's identity, which it loses when it is dropped and made again."""
    found = await database.list_collections()
    return {
        one["name"]: one["info"]["uuid"]
        async for one in found
        if not one["name"].startswith("system.")
    }


async def _purge(connection: AbstractConnection, queue: WorkQueue) -> bool:
    """Empty a queue and those beside it.

    A message whose wait has just ended is neither in its waiting room nor in the queue: whether
    there is one nobody knows, so a waiting room that was used counts as not emptied.
    """
    channel = await (await connection.channel()).get_underlay_channel()
    for name in (queue.name, queue.parking):
        await channel.queue_purge(name)
    waited = [await channel.queue_purge(room.name) for room in queue.waiting_rooms]
    return not any(one.message_count for one in waited)


@dataclass(frozen=True)
class _PooledSandbox:
    """A sandbox, and how it was when it was made."""

    sandbox: Sandbox
    declared: _Form
    collection_identities: _Form

    async def restored(self) -> bool:
        """Empty it; say whether it is as it was."""
        declared = self.sandbox.broker_definitions()
        # Such as the queue by which a service sees that the broker was wiped.
        if others := _names(declared) - _names(self.declared):
            await self.sandbox.delete(others)
            declared = self.sandbox.broker_definitions()
        if _sorted(declared) != _sorted(self.declared):
            return False
        purged, _ = await asyncio.gather(self.sandbox.purge(), self.sandbox.clear())
        return purged and await self.sandbox.collection_identities() == self.collection_identities


class SandboxPool:
    """Sandboxes that are not in use, each as it was made."""

    def __init__(self, broker: Broker, mongodb_url: str) -> None:
        self._broker = broker
        self._mongodb_url = mongodb_url
        self._free: list[_PooledSandbox] = []

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Sandbox]:
        """Give a sandbox; keep it for the next test if this one left it as it was."""
        kept = self._free.pop() if self._free else await self._make()
        restored = False
        try:
            yield kept.sandbox
            restored = await kept.restored()
        finally:
            if restored:
                self._free.append(kept)
            else:
                await kept.sandbox.stack.aclose()

    async def close(self) -> None:
        """Delete all."""
        for kept in self._free:
            await kept.sandbox.stack.aclose()

    async def _make(self) -> _PooledSandbox:
        name = f"test_{secrets.token_hex(6)}"
        database_url = urlsplit(self._mongodb_url)._replace(path=f"/{name}").geturl()
        async with AsyncExitStack() as stack:
            rabbitmq_url = stack.enter_context(self._broker.virtual_host())
            database = await stack.enter_async_context(open_database(database_url, name="test"))
            stack.push_async_callback(database.client.drop_database, name)
            await asyncio.gather(create_indexes(database), declare_topology(rabbitmq_url))
            sandbox = Sandbox(rabbitmq_url, database_url, database, self._broker, stack.pop_all())
        return _PooledSandbox(
            sandbox, sandbox.broker_definitions(), await sandbox.collection_identities()
        )
