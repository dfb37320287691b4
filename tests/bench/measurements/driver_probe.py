"""One driver under fifty callers at once: `python driver_probe.py pymongo|motor COUNT`.

Runs in the bench environment and imports nothing of the project. Prints one JSON object: versions,
and for each operation how many a second and how many microseconds of CPU each took here.
"""

import asyncio
import importlib
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

CALLERS = 50
WARM_UP = 2_000
CLIENTS = {
    "pymongo": ("pymongo", "AsyncMongoClient"),
    "motor": ("motor.motor_asyncio", "AsyncIOMotorClient"),
}
TEXT = "a" * 2_000


async def measure(count: int, operation: Callable[[int], Awaitable[Any]]) -> dict[str, float]:
    """Call an operation `count` times, fifty at a time."""
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            await operation(number)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    took = time.perf_counter() - began
    return {
        "per second": count / took,
        "microseconds": (time.process_time() - cpu) / count * 1e6,
    }


def connect(driver: str, url: str) -> Any:
    """Return a client of the driver."""
    module, name = CLIENTS[driver]
    return getattr(importlib.import_module(module), name)(url, maxPoolSize=CALLERS)


async def probe(driver: str, count: int, url: str) -> dict[str, Any]:
    """Measure every operation, the first round of each unmeasured."""
    client = connect(driver, url)
    database = client[f"driver_{driver}"]
    await database.drop_collection("probe")
    found = database["probe"]
    await found.insert_many([{"_id": number, "text": TEXT} for number in range(1_000)])
    rows = {
        "ping": lambda _: client.admin.command("ping"),
        "find_one by _id": lambda number: found.find_one({"_id": number % 1_000}),
        "find_one_and_update": lambda number: found.find_one_and_update(
            {"_id": number % 1_000}, {"$inc": {"seen": 1}}
        ),
        "insert_one 2 kB": lambda _: database["inserted"].insert_one({"text": TEXT}),
    }
    # Fifty connections take a while to open, two at a time; Motor's ten threads need only ten.
    await measure(WARM_UP, rows["ping"])
    figures = {}
    for name, operation in rows.items():
        await measure(CALLERS * 2, operation)
        figures[name] = await measure(count, operation)
    versions = {one: importlib.metadata.version(one) for one in {"pymongo", driver}}
    return {"versions": versions, "figures": figures}


if __name__ == "__main__":
    answer = uvloop.run(probe(sys.argv[1], int(sys.argv[2]), os.environ["MONGODB_URL"]))
    sys.stdout.write(json.dumps(answer))
