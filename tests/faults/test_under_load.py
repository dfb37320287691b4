"""Broker, database and every service killed while mails flow: the accounts still balance."""

import asyncio
import os
import signal
from random import Random, SystemRandom
from typing import Final

import pytest

from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from tests.faults.under_load.load import under_load
from tests.support.record_checker import RunRecord, check
from tests.support.systems.breakable_system import WORKERS, BreakableStack

pytestmark = [pytest.mark.connected, pytest.mark.faults, pytest.mark.timeout(240)]

MAILS: Final = int(os.environ.get("FAULTS_MAILS", "80"))
"""Each is told to agents six times at least, so that every blow falls while mails flow.

The last blow of a test falls after 350 messages at the latest.
"""


async def die_and_come_back(server: LocalRabbitMQ | LocalMongoDB) -> None:
    server.kill()
    await asyncio.to_thread(server.start)


def assert_complete(record: RunRecord, mails: int) -> None:
    print(record.summary())
    assert [str(one) for one in check(record)] == []
    assert len(record.accepted) == len(record.inbound) == len(record.replies) == mails


async def test_killed_broker_loses_and_repeats_no_mail(
    stack: BreakableStack,
) -> None:
    async with under_load(stack.breakable, mails=MAILS) as load:
        await load.told(60)
        await die_and_come_back(stack.rabbitmq)
        await load.told(60)
        record = await load.finish()

    assert_complete(record, MAILS)
    assert {reply.state for reply in record.replies} == {"sent"}


async def test_killed_database_loses_and_repeats_no_mail(
    stack: BreakableStack,
) -> None:
    async with under_load(stack.breakable, mails=MAILS) as load:
        for _ in range(3):
            await load.told(60)
            await die_and_come_back(stack.mongodb)
        record = await load.finish()

    assert_complete(record, MAILS)
    assert {reply.state for reply in record.replies} == {"sent"}


async def test_killed_services_lose_and_repeat_no_mail(
    stack: BreakableStack,
) -> None:
    seed = int(os.environ.get("FAULTS_SEED", SystemRandom().randrange(1_000_000)))
    print(f"FAULTS_SEED={seed}")
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    async with under_load(stack.breakable, mails=MAILS) as load:
        messages = 0
        for service in random.sample(WORKERS, len(WORKERS)):
            messages += random.randrange(10, 50)
            await load.told_in_all(messages)
            stack.breakable.signal(service, signal.SIGKILL)
            assert await stack.breakable.ended(service) == -signal.SIGKILL
        record = await load.finish()

    assert_complete(record, MAILS)
    assert {reply.state for reply in record.replies} <= {"sent", "uncertain"}


async def test_stopped_services_finish_their_work_and_lose_no_mail(
    stack: BreakableStack,
) -> None:
    codes = {}
    async with under_load(stack.breakable, mails=MAILS) as load:
        for number, service in enumerate(WORKERS, start=1):
            await load.told_in_all(40 * number)
            stack.breakable.signal(service, signal.SIGTERM)
            codes[service] = await stack.breakable.ended(service)
        record = await load.finish()

    assert codes == dict.fromkeys(WORKERS, 0)
    assert_complete(record, MAILS)
    assert {reply.state for reply in record.replies} == {"sent"}
