"""A broker that comes back empty: without users, queues, policies, messages or an operator."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.folders import temporary_folder
from deploy.local.servers.accounts import Access, Accounts
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ, RabbitPorts
from services.console.broker.management_api import ManagementApi
from services.console.broker.policies import wrong_policies
from shared.messaging.topology import WORK_QUEUES
from tests.faults.under_load.load import under_load
from tests.support.record_checker import check
from tests.support.systems.breakable_system import BreakableStack, open_breakable_system

pytestmark = [pytest.mark.connected, pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """The users that the broker loads."""
    return Accounts.kept_in(tmp_path_factory.mktemp("accounts") / "passwords.json")


@pytest.fixture(scope="module")
def loading_rabbitmq(accounts: Accounts) -> Iterator[LocalRabbitMQ]:
    """A broker that loads definitions at each start, and may be wiped."""
    with temporary_folder() as folder:
        node = LocalRabbitMQ(
            folder / "rabbitmq", RabbitPorts.choose(), management=True, accounts=accounts
        )
        try:
            node.start()
            yield node
        finally:
            node.discard()


@pytest.fixture(scope="module")
async def stack(
    loading_rabbitmq: LocalRabbitMQ,
    private_mongodb: LocalMongoDB,
    accounts: Accounts,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[BreakableStack]:
    """A system each of whose services is a user of its own."""
    folder: Path = tmp_path_factory.mktemp("wiped")
    access = Access(
        loading_rabbitmq.url, private_mongodb.url, loading_rabbitmq.management_url, accounts
    )
    async with open_breakable_system(access, folder) as opened:
        yield BreakableStack(opened, loading_rabbitmq, private_mongodb, access)


def come_back_empty(node: LocalRabbitMQ) -> None:
    node.kill()
    node.wipe()
    node.start()


async def test_broker_that_comes_back_empty_under_load_costs_nothing(stack: BreakableStack) -> None:
    async with under_load(stack.breakable, mails=100) as load:
        await load.told(100)
        await asyncio.to_thread(come_back_empty, stack.rabbitmq)
        await load.told(100)
        record = await load.finish()

    print(record.summary())
    assert [str(one) for one in check(record)] == []
    assert len(record.accepted) == len(record.inbound) == len(record.replies) == 100
    assert {reply.state for reply in record.replies} == {"sent"}


async def test_broker_that_came_back_empty_has_all_it_had(stack: BreakableStack) -> None:
    await asyncio.to_thread(come_back_empty, stack.rabbitmq)
    await stack.breakable.system.supervisor.wait_until_ready(60)

    api = ManagementApi(stack.rabbitmq.management_url, "/")
    bindings = await api.bindings()

    wanted = {(queue.name, one) for queue in WORK_QUEUES for one in queue.bindings}
    assert wanted - bindings == set()
    assert await wrong_policies(api) == {}
