"""Private servers: they work, come back after a kill, and never outlive us."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import aio_pika
import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.folders import CHECKOUT, LOCAL, temporary_folder
from deploy.local.processes.ports import free_port, is_open
from deploy.local.programs.mongod import find_mongod
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from deploy.local.servers.running_servers import servers
from tests.fixtures.broker import Broker

pytestmark = pytest.mark.connected

PARENT = """
import json, sys
from deploy.local.folders import temporary_folder
from deploy.local.servers.running_servers import servers

with temporary_folder() as folder, servers(folder, {}) as up:
    print(json.dumps({
        "pids": [pid for server in up.started_here for pid in server.pids],
        "urls": [up.rabbitmq_url, up.rabbitmq.management_url, up.mongodb_url],
    }), flush=True)
    sys.stdin.read()
"""


async def test_a_published_message_can_be_fetched(bare_vhost_url: str) -> None:
    async with await aio_pika.connect(bare_vhost_url) as connection:
        queue = await _durable_queue(connection)

        await _publish(connection, b"hello")

        assert await _fetch(queue) == b"hello"


async def test_a_majority_write_can_be_read(mongodb_url: str, database: str) -> None:
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        await client[database]["mails"].insert_one({"_id": 1})

        assert await client[database]["mails"].find_one() == {"_id": 1}


async def test_the_address_of_a_tests_database_names_it(
    bare_database_url: str, database: str
) -> None:
    async with AsyncMongoClient[dict[str, Any]](bare_database_url) as client:
        assert client.get_default_database().name == database


def test_a_virtual_host_is_gone_afterwards(broker: Broker) -> None:
    with broker.virtual_host() as url:
        path = f"/api/vhosts{urlsplit(url).path}"
        broker.call("GET", path)

    with pytest.raises(HTTPError, match="404"):
        broker.call("GET", path)


async def test_a_killed_broker_comes_back_with_what_it_confirmed(
    private_rabbitmq: LocalRabbitMQ,
) -> None:
    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        await _durable_queue(connection)
        await _publish(connection, b"kept")
        private_rabbitmq.settle()
        private_rabbitmq.kill()
    private_rabbitmq.start()

    async with await aio_pika.connect(private_rabbitmq.url) as connection:
        queue = await _durable_queue(connection)
        assert await _fetch(queue) == b"kept"


def test_a_broker_can_be_told_things(private_rabbitmq: LocalRabbitMQ) -> None:
    assert "mailroom" in private_rabbitmq.control("list_users")


async def test_a_killed_database_comes_back_with_what_it_acknowledged(
    private_mongodb: LocalMongoDB,
) -> None:
    async with AsyncMongoClient[dict[str, Any]](private_mongodb.url) as client:
        await client["kill"]["mails"].insert_one({"_id": 1})
        private_mongodb.kill()
        private_mongodb.start()

        assert await client["kill"]["mails"].find_one() == {"_id": 1}


async def test_a_suspended_database_answers_nobody_until_it_is_resumed(
    private_mongodb: LocalMongoDB,
) -> None:
    async with AsyncMongoClient[dict[str, Any]](private_mongodb.url, timeoutMS=500) as client:
        await client.admin.command("ping")
        private_mongodb.suspend()
        with pytest.raises(PyMongoError):
            await client.admin.command("ping")
        private_mongodb.resume()

        assert (await client.admin.command("ping"))["ok"] == 1


async def test_a_database_that_moves_to_another_port_keeps_its_data() -> None:
    mongod = find_mongod(LOCAL)
    with temporary_folder() as folder:
        with _started(LocalMongoDB(folder, free_port(), mongod)) as before:
            async with AsyncMongoClient[dict[str, Any]](before.url) as client:
                await client["move"]["mails"].insert_one({"_id": 1})
        with _started(LocalMongoDB(folder, free_port(), mongod)) as after:
            async with AsyncMongoClient[dict[str, Any]](after.url) as client:
                found = await client["move"]["mails"].find_one()

    assert found == {"_id": 1}


def test_nothing_runs_or_listens_after_a_stop() -> None:
    with temporary_folder() as folder, servers(folder, {}) as up:
        pids = [pid for server in up.started_here for pid in server.pids]
        ports = _ports([up.rabbitmq_url, up.mongodb_url])
        assert all(is_open(port) for port in ports)

    assert [port for port in ports if is_open(port)] == []
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_killing_the_parent_takes_everything_down() -> None:
    with _parent() as (parent, told):
        pids, ports = told["pids"], _ports(told["urls"])
        ends = [os.pidfd_open(pid) for pid in pids]

        parent.kill()

        assert len(pids) == 3
        assert all(_ended(end) for end in ends)
        assert [port for port in ports if is_open(port)] == []


def test_server_of_the_environment_is_used_and_none_started(tmp_path: Path) -> None:
    named = {"RABBITMQ_URL": "amqp://there:1/", "MONGODB_URL": "mongodb://there:2/"}

    with servers(tmp_path, named) as up:
        assert (up.rabbitmq_url, up.mongodb_url) == ("amqp://there:1/", "mongodb://there:2/")
        assert up.started_here == ()

    assert list(tmp_path.iterdir()) == []


async def _durable_queue(
    connection: aio_pika.abc.AbstractConnection,
) -> aio_pika.abc.AbstractQueue:
    channel = await connection.channel()
    return await channel.declare_queue("mails", durable=True, arguments={"x-queue-type": "quorum"})


async def _publish(connection: aio_pika.abc.AbstractConnection, body: bytes) -> None:
    channel = await connection.channel()
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, routing_key="mails")


async def _fetch(queue: aio_pika.abc.AbstractQueue) -> bytes:
    async with queue.iterator() as messages:
        message = await anext(messages)
        await message.ack()
    return message.body


@contextmanager
def _started(server: LocalMongoDB) -> Iterator[LocalMongoDB]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _parent() -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Start a process that starts both servers, and read where they are."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PARENT],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        lines = (line for line in parent.stdout if line.startswith("{"))
        try:
            yield parent, json.loads(next(lines))
        finally:
            parent.send_signal(signal.SIGKILL)


def _ports(urls: list[str]) -> list[int]:
    return [port for url in urls if (port := urlsplit(url).port)]


def _ended(process: int) -> bool:
    """Wait up to ten seconds for a process that is not our child to end."""
    try:
        readable, _, _ = select.select([process], [], [], 10.0)
        return bool(readable)
    finally:
        os.close(process)
