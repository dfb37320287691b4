"""The table of rights allows exactly what the code does."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from deploy.local.stack.services import NAMES
from shared import storage
from shared.contracts import commands, events
from shared.contracts.commands import Command
from shared.contracts.envelope import Cause, Contract
from shared.contracts.events import Event
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.clock import SystemClock
from shared.messaging.topology import EXCHANGES, WORK_QUEUES
from shared.runtime.rights import RIGHTS
from shared.storage.indexes import INDEXES

CHECKOUT = Path(__file__).parents[3]
CONTRACTS = {
    name: one
    for module in (commands, events)
    for name, one in inspect.getmembers(module, inspect.isclass)
    if issubclass(one, Command | Event) and hasattr(one, "address")
}

MADE_BY_SHARED_CODE = {
    "ingest": {"ParseMail"},
    "fetching": {"ParseMail"},
    "attachments": {"OperationRefused"},
    "routing": {"OperationRefused", "AgentNotReady"},
    "composition": {"OperationRefused", "DeliverMail"},
    "outbound": {"MailSent", "DeliveryDeferred", "DeliveryFailed", "DeliveryUncertain"},
    "gateway": {"AgentReady", "AgentNotReady", "ParseMail"},
}
"""What a service owes through a store, or the refusals, that others use as well."""

WITHOUT_SERVICE = {"agents", "agent_logins", "discarded"}
"""Only the operator's command line adds to these, and `mailroom apply` makes their indexes."""

each_service = pytest.mark.parametrize("service", NAMES)


def made_in(service: str) -> set[str]:
    """Return the contracts that a service's own code makes."""
    files = (CHECKOUT / "services" / service).rglob("*.py")
    return {name for file in files for name in _made(ast.parse(file.read_text()))}


def _made(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        made: list[ast.expr] = []
        if isinstance(node, ast.Call):
            is_method = isinstance(node.func, ast.Attribute) and node.func.attr in ("of", "at")
            made = [node.func.value if is_method else node.func]  # type: ignore[attr-defined]
        elif isinstance(node, ast.IfExp):
            made = [node.body, node.orelse]
        yield from (one.id for one in made if isinstance(one, ast.Name) and one.id in CONTRACTS)


def published(service: str) -> set[str]:
    return {one.__name__ for one in RIGHTS[service].broker.publishes}


def message(contract: type[Contract], agent_id: str = "agent") -> Outgoing:
    key = contract.address if issubclass(contract, Command) else f"{contract.address}.{agent_id}"
    return Outgoing("id", contract.exchange, key, b"")


def test_every_service_has_a_row_and_nobody_else_has() -> None:
    assert set(RIGHTS) == set(NAMES)


@each_service
def test_service_may_publish_every_contract_it_makes(service: str) -> None:
    made = made_in(service) | MADE_BY_SHARED_CODE.get(service, set())

    assert made - published(service) == set()


@pytest.mark.parametrize("service", [name for name in NAMES if name != "gateway"])
def test_service_may_publish_only_contracts_in_its_code(service: str) -> None:
    named = MADE_BY_SHARED_CODE.get(service, set()) | {
        name
        for file in (CHECKOUT / "services" / service).rglob("*.py")
        for name in re.findall(r"\w+", file.read_text())
    }

    assert published(service) - named == set()


def test_gateway_may_publish_commands_of_agents_and_for_its_mail() -> None:
    given = {one for one in RIGHTS["gateway"].broker.publishes if issubclass(one, Command)}

    of_agents = {one for one in CONTRACTS.values() if issubclass(one, commands.AgentCommand)}
    assert given == of_agents | {commands.ParseMail}


@each_service
def test_a_service_may_publish_what_it_owes_and_nothing_else(service: str) -> None:
    broker = RIGHTS[service].broker

    allowed = {name for name, one in CONTRACTS.items() if broker.may_publish(message(one))}

    assert allowed == published(service)


def test_every_queue_has_one_owner() -> None:
    owned = [queue for rights in RIGHTS.values() for queue in rights.broker.queues]

    assert sorted(one.name for one in owned) == sorted(one.name for one in WORK_QUEUES)
    assert all(
        queue.keeper == service
        for service, rights in RIGHTS.items()
        for queue in rights.broker.queues
    )


@each_service
def test_default_exchange_and_foreign_queues_are_not_writable(service: str) -> None:
    permission = RIGHTS[service].broker.permission
    foreign = [queue for queue in WORK_QUEUES if queue.keeper != service]

    for name in ["amq.default", *(name for queue in foreign for name in names(queue))]:
        assert not re.search(permission.configure, name)
        assert not re.search(permission.write, name)
        assert not re.search(permission.read, name)


def names(queue: object) -> list[str]:
    work = next(one for one in WORK_QUEUES if one is queue)
    rooms = [room.name for room in work.waiting_rooms]
    return [work.name, work.parking, work.retries, *rooms]


@pytest.mark.parametrize("queue", WORK_QUEUES, ids=lambda queue: queue.name)
def test_the_owner_may_make_use_and_bind_everything_of_its_queue(queue: object) -> None:
    work = next(one for one in WORK_QUEUES if one is queue)
    broker = RIGHTS[work.keeper].broker

    for name in [*names(work), *work.exchanges]:
        assert re.search(broker.permission.configure, name)
        assert re.search(broker.permission.write, name)
        assert re.search(broker.permission.read, name)
    for binding in work.bindings:
        assert re.search(broker.permission.read, binding.exchange)
        (topic,) = [one for one in broker.topics if one.exchange == binding.exchange]
        assert re.search(topic.read, binding.pattern)


def test_a_stolen_secret_of_outbound_commands_nobody() -> None:
    broker = RIGHTS["outbound"].broker
    others = {one.exchange for one in CONTRACTS.values() if issubclass(one, Command)}

    writable = {name for name in others if re.search(broker.permission.write, name)}

    assert writable == {"outbound.commands"}


@each_service
def test_no_topic_exchange_is_open_to_any_key(service: str) -> None:
    broker = RIGHTS[service].broker
    topics = {one.exchange: one for one in broker.topics}
    kinds = dict(EXCHANGES) | {
        name: kind for queue in WORK_QUEUES for name, kind in queue.exchanges.items()
    }

    for exchange, kind in kinds.items():
        if kind == "topic" and re.search(broker.permission.write, exchange):
            assert not re.search(topics[exchange].write, "routing.fly-away.v1")
            assert not re.search(topics[exchange].write, "interaction.flown-away.v1.agent")


def test_every_index_is_made_by_somebody_who_starts() -> None:
    made = {one for rights in RIGHTS.values() for one in rights.database.indexed_collections}

    assert set(INDEXES) - made <= WITHOUT_SERVICE


def test_every_collection_is_somebodys() -> None:
    modules = [
        import_module(one.name) for one in walk_packages(storage.__path__, "shared.storage.")
    ]
    stored = {one.COLLECTION for one in modules if hasattr(one, "COLLECTION")} | set(INDEXES)
    known = {one for rights in RIGHTS.values() for one in rights.database.collections}

    assert stored - known - WITHOUT_SERVICE == set()


def test_only_the_service_of_a_command_has_its_exchange() -> None:
    order = wrap(commands.DeliverMail(interaction_id="1"), Cause(), SystemClock().now())

    assert (order.exchange, order.routing_key) == ("outbound.commands", "outbound.deliver-mail.v1")
