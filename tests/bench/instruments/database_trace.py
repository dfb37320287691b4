"""The round trips to the database, as mongod itself logs and counts them."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient

_WRITES = ("insert", "update", "delete", "findAndModify")
_READS = ("find", "aggregate", "getMore")
_LOGGED_ABOVE = 100
"""Milliseconds: mongod's own default."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One command as mongod logged it: client, command, and whether it was a majority write."""

    client: str
    verb: str
    collection: str
    concern: str

    @property
    def is_majority(self) -> bool:
        """Say whether the command waited for a majority and the journal."""
        return self.concern == "majority"


def operations(log: Iterable[str], database: str) -> Iterator[Operation]:
    """Give the reads and writes of one database in lines of mongod's log."""
    return (operation for _, operation in timed_operations(log, database))


def timed_operations(log: Iterable[str], database: str) -> Iterator[tuple[float, Operation]]:
    """Give the reads and writes of one database, and when each ended in seconds since 1970.

    mongod tells whole milliseconds.
    """
    for line in log:
        entry = json.loads(line) if line.startswith("{") else {}
        attributes = entry.get("attr", {})
        if entry.get("msg") == "Slow query" and entry.get("c") == "COMMAND":
            at = datetime.fromisoformat(entry["t"]["$date"]).timestamp()
            for operation in _operation(attributes, database):
                yield at, operation


def _operation(attributes: dict[str, Any], database: str) -> Iterator[Operation]:
    command = attributes.get("command", {})
    verb = next(iter(command), "")
    if verb not in (*_WRITES, *_READS) or command.get("$db") != database:
        return
    collection = command["collection"] if verb == "getMore" else command[verb]
    if verb in _READS:
        concern = "read"
    else:
        concern = str(command.get("writeConcern", {}).get("w", "majority"))
    yield Operation(attributes.get("appName", ""), verb, collection, concern)


class Trace:
    """Every command of one database between the beginning and the end of a trace."""

    def __init__(self, log: Path, database: str) -> None:
        self._log = log
        self._database = database
        self._from = log.stat().st_size

    def count(self) -> Counter[Operation]:
        """Return how often each command came."""
        return Counter(operation for _, operation in self.timed())

    def timed(self) -> list[tuple[float, Operation]]:
        """Return every command, and when it ended in seconds since 1970."""
        with self._log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._from)
            return list(timed_operations(log, self._database))


@asynccontextmanager
async def traced(mongodb_url: str, log: Path, database: str) -> AsyncIterator[Trace]:
    """Have mongod log every command on a database while the block runs; that slows it down."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        await client[database].command({"profile": 0, "slowms": -1})
        try:
            yield Trace(log, database)
        finally:
            await client[database].command({"profile": 0, "slowms": _LOGGED_ABOVE})


async def majority_writes(mongodb_url: str) -> int:
    """Return how many writes have waited for a majority since mongod started."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        status = await client.admin.command("serverStatus")
    return int(status["metrics"]["getLastError"]["wtime"]["num"])


def database_of(mongodb_url: str) -> str:
    """Return the name of the database that an address names."""
    return urlsplit(mongodb_url).path.lstrip("/")
