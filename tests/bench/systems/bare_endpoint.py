"""The least an order could cost: `python -m tests.bench.systems.bare_endpoint PORT`.

POST /{id}: one find_one_and_update (majority, journal), one persistent message to a quorum queue,
confirmed, then the answer. GET /{id}: one find_one, answered as JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import uvicorn
from pymongo import AsyncMongoClient, WriteConcern
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

COLLECTION = "bare"
QUEUE = "bare.orders"


class BareEndpoint:
    """Both resources."""

    def __init__(self, rabbitmq_url: str, mongodb_url: str) -> None:
        self._rabbitmq_url = rabbitmq_url
        self._mongo = AsyncMongoClient[dict[str, Any]](mongodb_url, maxPoolSize=50)
        database = self._mongo.get_default_database()
        majority = WriteConcern(w="majority", j=True)
        self._documents = database.get_collection(COLLECTION, write_concern=majority)

    async def order(self, request: Request) -> Response:
        """POST /{id}."""
        body = await request.json()
        which = request.path_params["id"]
        await self._documents.find_one_and_update(
            {"_id": which},
            {"$set": {"state": body["operationName"]}, "$inc": {"version": 1}},
            {"_id": 1},
        )
        message = aio_pika.Message(
            json.dumps({"id": which, **body}).encode(),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._exchange.publish(message, QUEUE)
        return JSONResponse({"statusCode": 0})

    async def read(self, request: Request) -> Response:
        """GET /{id}."""
        found = await self._documents.find_one({"_id": request.path_params["id"]})
        return Response(json.dumps(found, default=str), media_type="application/json")

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Be connected."""
        async with self._mongo, await aio_pika.connect(self._rabbitmq_url) as connection:
            channel = await connection.channel()
            self._exchange = channel.default_exchange
            # Nobody takes the messages: they must not become a heap.
            await channel.declare_queue(
                QUEUE, durable=True, arguments={"x-queue-type": "quorum", "x-max-length": 1000}
            )
            yield


def main(port: int) -> None:
    """Serve until killed; say "ready" on standard output."""
    bare = BareEndpoint(os.environ["RABBITMQ_URL"], os.environ["MONGODB_URL"])
    application = Starlette(
        routes=[
            Route("/{id}", bare.order, methods=["POST"]),
            Route("/{id}", bare.read, methods=["GET"]),
        ],
        lifespan=bare.lifespan,
    )
    config = uvicorn.Config(application, "127.0.0.1", port, log_level="warning", access_log=False)
    asyncio.run(_serve(uvicorn.Server(config)))


async def _serve(server: uvicorn.Server) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    main(int(sys.argv[1]))
