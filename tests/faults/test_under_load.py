"""Broker, database and every service killed while mails flow: the accounts still balance."""

import asyncio
import os
import signal
from random import Random, SystemRandom

import pytest

from deploy.local.mongodb import LocalMongoDB
from deploy.local.rabbitmq import LocalRabbitMQ
from tests.faults.checker import Books, check
from tests.faults.conftest import Siege
from tests.faults.house import WORKERS
from tests.faults.load import under_load

pytestmark = [pytest.mark.connected, pytest.mark.faults, pytest.mark.timeout(240)]


async def die_and_come_back(server: LocalRabbitMQ | LocalMongoDB) -> None:
    server.kill()
    await asyncio.to_thread(server.start)


def assert_balanced(books: Books, mails: int) -> None:
    print(books.summary())
    assert [str(one) for one in check(books)] == []
    assert len(books.accepted) == len(books.inbound) == len(books.replies) == mails


async def test_no_mail_is_lost_and_none_sent_twice_when_the_broker_is_killed(siege: Siege) -> None:
    async with under_load(siege.house, mails=200) as load:
        await load.told(100)
        await die_and_come_back(siege.rabbitmq)
        await load.told(100)
        books = await load.balance()

    assert_balanced(books, 200)
    assert {reply.state for reply in books.replies} == {"sent"}


async def test_no_mail_is_lost_and_none_sent_twice_when_the_database_is_killed(
    siege: Siege,
) -> None:
    async with under_load(siege.house, mails=200) as load:
        for _ in range(3):
            await load.told(100)
            await die_and_come_back(siege.mongodb)
        books = await load.balance()

    assert_balanced(books, 200)
    assert {reply.state for reply in books.replies} == {"sent"}


async def test_no_mail_is_lost_and_none_sent_twice_when_the_services_are_killed(
    siege: Siege,
) -> None:
    seed = int(os.environ.get("FAULTS_SEED", SystemRandom().randrange(1_000_000)))
    print(f"FAULTS_SEED={seed}")
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    async with under_load(siege.house, mails=200) as load:
        for service in random.sample(WORKERS, len(WORKERS)):
            await load.told(random.randrange(20, 80))
            siege.house.signal(service, signal.SIGKILL)
            assert await siege.house.ended(service) == -signal.SIGKILL
        books = await load.balance()

    assert_balanced(books, 200)
    assert {reply.state for reply in books.replies} <= {"sent", "uncertain"}


async def test_services_that_are_told_to_stop_finish_what_runs_and_lose_nothing(
    siege: Siege,
) -> None:
    codes = {}
    async with under_load(siege.house, mails=200) as load:
        for service in WORKERS:
            await load.told(60)
            siege.house.signal(service, signal.SIGTERM)
            codes[service] = await siege.house.ended(service)
        books = await load.balance()

    assert codes == dict.fromkeys(WORKERS, 0)
    assert_balanced(books, 200)
    assert {reply.state for reply in books.replies} == {"sent"}
