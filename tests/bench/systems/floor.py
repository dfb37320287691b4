"""The least that a mail needs, from SMTP to a subscriber: `python -m tests.bench.systems.floor`.

SMTP → compat32 parse → insert (majority, journal) → publish + confirm → 250 → one
find_one_and_update → publish + confirm → push to one subscriber in memory, who writes the mail's
subject and the moment on standard output.
"""

import asyncio
import email
import json
import os
import sys
import time
from typing import Any
from uuid import uuid4

import aio_pika
import uvloop
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiosmtpd.smtp import SMTP, Envelope, Session
from pymongo import AsyncMongoClient, WriteConcern

DATABASE = "floor"
ROUTING = "floor.routing"
TELLING = "floor.telling"
_PREFETCH = 20


class Pipeline:
    """The three stations of a mail."""

    def __init__(self, mongo: AsyncMongoClient[dict[str, Any]], channel: AbstractChannel) -> None:
        majority = WriteConcern(w="majority", j=True)
        self._mails = mongo[DATABASE].get_collection("mails", write_concern=majority)
        self._exchange = channel.default_exchange
        self._subscriber: asyncio.Queue[str] = asyncio.Queue()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        raw = bytes(envelope.original_content or b"")
        mail = email.message_from_bytes(raw)
        document = {
            "_id": uuid4().hex,
            "subject": str(mail["Subject"]),
            "sender": str(mail["From"]),
            "text": mail.get_payload(decode=True),
            "raw": raw,
            "state": "Queued",
        }
        await self._mails.insert_one(document)
        await self._publish(ROUTING, {"id": document["_id"], "subject": document["subject"]})
        return "250 taken"

    async def route(self, message: AbstractIncomingMessage) -> None:
        async with message.process():
            body = json.loads(message.body)
            await self._mails.find_one_and_update(
                {"_id": body["id"], "state": "Queued"}, {"$set": {"state": "Invited"}}
            )
            await self._publish(TELLING, body)

    async def tell(self, message: AbstractIncomingMessage) -> None:
        async with message.process():
            self._subscriber.put_nowait(json.loads(message.body)["subject"])

    async def subscriber(self) -> None:
        while True:
            subject = await self._subscriber.get()
            sys.stdout.write(f"{time.monotonic()} {subject}\n")
            sys.stdout.flush()

    async def _publish(self, queue: str, body: dict[str, Any]) -> None:
        await self._exchange.publish(
            aio_pika.Message(
                json.dumps(body).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            ),
            queue,
        )


async def run(port: int, rabbitmq_url: str, mongodb_url: str) -> None:
    async with (
        AsyncMongoClient[dict[str, Any]](mongodb_url, maxPoolSize=50) as mongo,
        await aio_pika.connect(rabbitmq_url) as publishing,
        await aio_pika.connect(rabbitmq_url) as consuming,
    ):
        pipeline = Pipeline(mongo, await publishing.channel())
        channel = await consuming.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        for name, station in ((ROUTING, pipeline.route), (TELLING, pipeline.tell)):
            queue = await channel.declare_queue(
                name, durable=True, arguments={"x-queue-type": "quorum"}
            )
            await queue.consume(station)
        loop = asyncio.get_running_loop()
        await loop.create_server(lambda: SMTP(pipeline, loop=loop), "127.0.0.1", port)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await pipeline.subscriber()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), os.environ["RABBITMQ_URL"], os.environ["MONGODB_URL"]))
