"""Each service's own users on real servers: what they need works, all else is refused."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelAccessRefused
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from deploy.local.servers.accounts import Access
from deploy.local.stack.services import NAMES
from services.console.accounts import BROKER, DATABASE, accounts_of
from services.console.broker.management_api import ManagementApi
from services.console.broker.users import put_broker_users
from services.console.commands.apply import put_in_force
from services.console.database_users import put_database_users
from services.gateway.auth.agent_cache import AgentCache
from shared.contracts import commands, events
from shared.contracts.commands import Command
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import EVENTS, JOURNALED, Contract
from shared.contracts.events import Event
from shared.domain.clock import SystemClock
from shared.messaging.connection import virtual_host_of
from shared.messaging.declaration import declare, declare_topology
from shared.messaging.publisher import open_publisher
from shared.messaging.record import BrokerRecord
from shared.messaging.topology import OUTBOUND, ROUTING, WORK_QUEUES, all_exchanges
from shared.runtime.rights import RIGHTS
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.agents.agent_store import AgentStore
from shared.storage.database.client import DatabaseRefusesError
from shared.storage.database.privileges import Action
from shared.storage.indexes import INDEXES, create_indexes
from tests.fixtures.broker import Broker
from tests.unit.console.descriptions import agent, center

pytestmark = pytest.mark.connected

CONTRACTS: list[type[Contract]] = [
    one
    for module in (commands, events)
    for _, one in inspect.getmembers(module, inspect.isclass)
    if issubclass(one, Command | Event) and hasattr(one, "address")
]
COLLECTIONS = sorted({one for rights in RIGHTS.values() for one in rights.database.collections})
NOT_AUTHORIZED = 13

each_service = pytest.mark.parametrize("service", NAMES)
Act = Callable[[AbstractChannel], Awaitable[object]]


@dataclass(frozen=True)
class RestrictedServers:
    """Servers on which every service has users of its own, and everything is declared."""

    access: Access

    @asynccontextmanager
    async def connected(self, service: str) -> AsyncIterator[AbstractConnection]:
        url = self.access.of_service(service)["RABBITMQ_URL"]
        async with await aio_pika.connect(url) as connection:
            yield connection

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Any]:
        url = self.access.of_service(service)["MONGODB_URL"]
        async with AsyncMongoClient[dict[str, Any]](url) as client:
            yield client.get_default_database()


@pytest.fixture(scope="module")
def access(broker: Broker, mongodb_url: str) -> Iterator[Access]:
    url = mongodb_url.replace("/mailroom?", "/rights?")
    with broker.access(url) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def servers(access: Access) -> AsyncIterator[RestrictedServers]:
    assert access.accounts
    given = access.accounts.variables
    api = ManagementApi(access.management_url, virtual_host_of(access.rabbitmq_url))
    await put_broker_users(api, accounts_of(BROKER, given))
    await put_database_users(access.mongodb_url, access.mongodb_url, accounts_of(DATABASE, given))
    await declare_topology(access.rabbitmq_url)
    yield RestrictedServers(access)
    async with AsyncMongoClient[dict[str, Any]](access.mongodb_url) as client:
        await client.drop_database("rights")


async def is_refused(connection: AbstractConnection, act: Act) -> bool:
    """Do something on a channel of its own; say whether the broker refused it."""
    channel = await connection.channel()
    try:
        await act(channel)
    except ChannelAccessRefused:
        return True
    await channel.close()
    return False


def publishing(exchange: str, key: str, **headers: Any) -> Act:
    async def act(channel: AbstractChannel) -> None:
        underlay = await channel.get_underlay_channel()
        properties = aio_pika.Message(b"{}", headers=headers).properties
        await underlay.basic_publish(
            b"{}", exchange=exchange, routing_key=key, properties=properties
        )

    return act


def making(contract: type[Contract]) -> Act:
    is_command = issubclass(contract, Command)
    return publishing(contract.exchange, contract.address + ("" if is_command else ".nobody"))


def binding(queue: str, exchange: str, pattern: str) -> Act:
    async def act(channel: AbstractChannel) -> None:
        underlay = await channel.get_underlay_channel()
        await underlay.queue_bind(queue, exchange, pattern)

    return act


def own_or_foreign_queue(service: str) -> str:
    """Return the name of a service's queue; of another's if it has none."""
    return (*RIGHTS[service].broker.queues, *WORK_QUEUES)[0].name


def declaring(queue: str, **arguments: Any) -> Act:
    async def act(channel: AbstractChannel) -> None:
        await channel.declare_queue(queue, durable=True, arguments=arguments or None)

    return act


def taking(queue: str) -> Act:
    async def act(channel: AbstractChannel) -> None:
        underlay = await channel.get_underlay_channel()
        await underlay.basic_consume(queue, lambda _: asyncio.sleep(0))

    return act


def purging(queue: str) -> Act:
    async def act(channel: AbstractChannel) -> None:
        await (await channel.get_underlay_channel()).queue_purge(queue)

    return act


def deleting(queue: str) -> Act:
    async def act(channel: AbstractChannel) -> None:
        await (await channel.get_underlay_channel()).queue_delete(queue)

    return act


@each_service
async def test_a_service_makes_its_own_queues_and_uses_them(
    servers: RestrictedServers, service: str
) -> None:
    own = RIGHTS[service].broker.queues

    async with servers.connected(service) as connection:
        await declare(connection, own)
        for queue in own:
            beside = [queue.name, queue.parking, *(room.name for room in queue.waiting_rooms)]
            for name in beside:
                assert not await is_refused(connection, publishing(queue.retries, name))
                assert not await is_refused(connection, taking(name))


@each_service
async def test_a_service_publishes_its_contracts_and_no_other(
    servers: RestrictedServers, service: str
) -> None:
    async with servers.connected(service) as connection:
        refused = {one for one in CONTRACTS if await is_refused(connection, making(one))}

    assert {one.__name__ for one in CONTRACTS if one not in refused} == {
        one.__name__ for one in RIGHTS[service].broker.publishes
    }


@each_service
async def test_a_service_touches_no_queue_of_another(
    servers: RestrictedServers, service: str
) -> None:
    foreign = [queue for queue in WORK_QUEUES if queue.keeper != service]
    names = [
        name
        for queue in foreign
        for name in (queue.name, queue.parking, *(room.name for room in queue.waiting_rooms))
    ]

    async with servers.connected(service) as connection:
        for name in names:
            for act in (declaring(name), taking(name), purging(name), deleting(name)):
                assert await is_refused(connection, act), name
            assert await is_refused(connection, publishing("", name))
        for queue in foreign:
            assert await is_refused(connection, publishing(queue.retries, queue.name))


@each_service
async def test_a_service_hears_only_what_its_queue_is_for(
    servers: RestrictedServers, service: str
) -> None:
    broker = RIGHTS[service].broker
    wanted = {(one.exchange, one.pattern) for queue in broker.queues for one in queue.bindings}
    all_bindings = {(one.exchange, one.pattern) for queue in WORK_QUEUES for one in queue.bindings}
    eager = {(exchange, "#") for exchange, kind in all_exchanges().items() if kind == "topic"}

    async with servers.connected(service) as connection:
        for exchange, pattern in all_bindings | eager:
            act = binding(own_or_foreign_queue(service), exchange, pattern)
            assert await is_refused(connection, act) == ((exchange, pattern) not in wanted)


@each_service
async def test_only_the_gateway_hears_and_writes_the_journal(
    servers: RestrictedServers, service: str
) -> None:
    own = own_or_foreign_queue(service)

    async with servers.connected(service) as connection:
        heard = not await is_refused(connection, binding(own, JOURNALED, "agent"))
        told = not await is_refused(connection, publishing(JOURNALED, "agent"))

    assert heard == told == (service == "gateway")


@each_service
async def test_a_service_makes_no_exchange_that_others_use(
    servers: RestrictedServers, service: str
) -> None:
    own = {name for queue in RIGHTS[service].broker.queues for name in queue.exchanges}

    async with servers.connected(service) as connection:
        for name, kind in all_exchanges().items():

            async def act(channel: AbstractChannel, name: str = name, kind: str = kind) -> None:
                await channel.declare_exchange(name, kind, durable=True)

            assert await is_refused(connection, act) == (name not in own)


@pytest.mark.parametrize("target", ["", ROUTING.commands, ROUTING.retries, EVENTS, "amq.topic"])
async def test_a_stolen_secret_commands_nobody_by_dead_letters(
    servers: RestrictedServers, target: str
) -> None:
    own = RIGHTS["outbound"].broker.queues[0]
    evil = declaring(
        f"{own.name}.evil",
        **{"x-dead-letter-exchange": target, "x-dead-letter-routing-key": ROUTING.name},
    )

    async with servers.connected("outbound") as connection:
        refused = await is_refused(connection, evil)
        if not refused:
            assert not await is_refused(connection, deleting(f"{own.name}.evil"))

    # Events are its own to publish; routing believes the database and not them.
    assert refused == (target != EVENTS)


async def test_outbound_keeps_its_record(servers: RestrictedServers) -> None:
    url = servers.access.of_service("outbound")["RABBITMQ_URL"]
    async with open_publisher(url, name="test") as publisher:
        record = BrokerRecord(url, OUTBOUND, publisher, name="test")

        await record.append(b"1")

        assert await record.last() == [b"1"]


@each_service
async def test_a_service_makes_its_indexes(servers: RestrictedServers, service: str) -> None:
    async with servers.database(service) as database:
        await create_indexes(database, RIGHTS[service].database.indexed_collections)

    with pytest.raises(DatabaseRefusesError, match="may not createIndexes in rights"):
        async with servers.database(service) as database:
            await create_indexes(database, INDEXES)


@each_service
async def test_a_service_does_with_the_database_what_the_table_says(
    servers: RestrictedServers, service: str
) -> None:
    rights = RIGHTS[service].database

    async with servers.database(service) as database:
        for collection in [*COLLECTIONS, "system.users", "probes"]:
            for action in Action:
                allowed = await _may(database[collection], action)
                assert allowed == rights.may(action, collection), (collection, action)


async def _may(collection: Any, action: Action) -> bool:
    try:
        match action:
            case Action.FIND:
                await collection.find_one({"_id": "nothing"})
            case Action.INSERT:
                await collection.insert_many([{"_id": "nothing"}] * 2)
            case Action.UPDATE:
                await collection.update_one({"_id": "no such"}, {"$set": {"seen": True}})
            case Action.REMOVE:
                await collection.delete_one({"_id": "no such"})
    except OperationFailure as error:
        return error.code != NOT_AUTHORIZED
    return True


@each_service
async def test_a_service_makes_no_users_and_drops_nothing(
    servers: RestrictedServers, service: str
) -> None:
    async with servers.database(service) as database:
        for command in (
            {"createUser": "thief", "pwd": "thief", "roles": ["readWrite"]},
            {"dropDatabase": 1},
            {"drop": "interactions"},
            {"listCollections": 1},
        ):
            with pytest.raises(OperationFailure) as refused:
                await database.command(command)
            assert refused.value.code == NOT_AUTHORIZED


@pytest_asyncio.fixture
async def described(servers: RestrictedServers) -> AsyncIterator[ContactCenter]:
    """A contact center with two agents in force, written as the operator."""
    wanted = center(agents=[agent("agent1"), agent("agent2")])
    async with AsyncMongoClient[dict[str, Any]](servers.access.mongodb_url) as client:
        database = client.get_default_database()
        await put_in_force(database, SystemClock(), wanted)
        yield wanted
        for collection in ("agents", "agent_logins"):
            await database[collection].delete_many({})


@each_service
async def test_no_service_but_the_gateway_reads_a_hash(
    servers: RestrictedServers, described: ContactCenter, service: str
) -> None:
    hashes = {one.password_hash for one in described.agents}
    readable = [one for one in COLLECTIONS if RIGHTS[service].database.may(Action.FIND, one)]

    async with servers.database(service) as database:
        read = [str(await database[one].find().to_list()) for one in readable]

    assert any(one in text for one in hashes for text in read) == (service == "gateway")


async def test_fields_that_routing_writes_let_nobody_log_in(
    servers: RestrictedServers, described: ContactCenter
) -> None:
    del described
    evil = {"password_hash": "planted", "roles": ["Contact Center Admin"], "enabled": True}
    async with servers.database("routing") as database:
        await database["agents"].update_one(
            {"user_name": "agent1"}, {"$set": evil | {"user_name": "thief"}}
        )
        with pytest.raises(OperationFailure) as refused:
            await database["agent_logins"].update_one({"user_name": "agent1"}, {"$set": evil})
    assert refused.value.code == NOT_AUTHORIZED

    async with servers.database("gateway") as database:
        agent_cache = AgentCache(
            AgentStore(database, SystemClock(), announce_nothing),
            AgentLoginStore(database),
            SystemClock(),
        )
        member, thief = await agent_cache.named("agent1"), await agent_cache.named("thief")

    assert thief is None
    assert member
    assert member.login.password_hash != "planted"
    assert (member.agent.user_name, member.agent.roles) == ("agent1", ("Agent",))


async def test_logins_are_read_where_they_were_until_the_gateway_may_read_others(
    servers: RestrictedServers, described: ContactCenter
) -> None:
    del described
    async with AsyncMongoClient[dict[str, Any]](servers.access.mongodb_url) as client:
        kept = {"password_hash": "kept by an earlier release"}
        agents = client.get_default_database()["agents"]
        await agents.update_one({"user_name": "agent2"}, {"$set": kept})

    # Routing's user may read what the gateway's of an earlier release may.
    async with servers.database("routing") as database:
        store = AgentLoginStore(database)
        found = await store.named("agent2")
        assert found
        assert found.password_hash == "kept by an earlier release"
        assert await store.of([found.id]) == [found] == [await store.get(found.id)]
        await store.end(found.id)
        assert await store.of([found.id]) == [replace(found, generation=1)]
        assert not await store.is_readable()
    async with servers.database("gateway") as database:
        assert await AgentLoginStore(database).is_readable()


async def announce_nothing(_: str, __: object) -> None:
    """Announce nothing: the store is only read."""


async def test_users_that_are_right_are_left_alone(servers: RestrictedServers) -> None:
    assert servers.access.accounts
    given = servers.access.accounts.variables
    url = servers.access.mongodb_url
    api = ManagementApi(servers.access.management_url, virtual_host_of(servers.access.rabbitmq_url))

    assert await put_broker_users(api, accounts_of(BROKER, given)) == []
    assert await put_database_users(url, url, accounts_of(DATABASE, given)) == []


async def test_a_changed_password_and_a_widened_right_are_put_right(
    servers: RestrictedServers,
) -> None:
    assert servers.access.accounts
    given = dict(servers.access.accounts.variables)
    url = servers.access.mongodb_url
    api = ManagementApi(servers.access.management_url, virtual_host_of(servers.access.rabbitmq_url))
    users = accounts_of(BROKER, given)
    outbound = next(one for one in users if one.owner == "outbound")
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    await api.put_permission(outbound.name, everything)
    changed = {"RABBITMQ_PASSWORD_INGEST": "another", "MONGODB_PASSWORD_INGEST": "another"}

    about_broker = await put_broker_users(api, accounts_of(BROKER, given | changed))
    about_database = await put_database_users(url, url, accounts_of(DATABASE, given | changed))

    prefix = given["USER_PREFIX"]
    assert about_broker == [
        f"broker user {prefix}-ingest: changed",
        f"broker user {prefix}-outbound: changed",
    ]
    assert about_database == [f"database user {prefix}-ingest: changed"]
    await put_broker_users(api, users)
    await put_database_users(url, url, accounts_of(DATABASE, given))
