"""RabbitMQ and MongoDB: those the environment names, else private ones started here."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folders import LOCAL
from deploy.local.processes.ports import free_port
from deploy.local.programs.mongod import find_mongod
from deploy.local.progress import report, waiting
from deploy.local.servers.accounts import Access, Accounts
from deploy.local.servers.local_server import LocalServer
from deploy.local.servers.mongodb import LocalMongoDB
from deploy.local.servers.rabbitmq import LocalRabbitMQ, RabbitPorts


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are; `rabbitmq` and `mongodb` are None where the environment named one.

    Services have users of their own where both servers are ours.
    """

    rabbitmq_url: str
    mongodb_url: str
    rabbitmq: LocalRabbitMQ | None
    mongodb: LocalMongoDB | None
    accounts: Accounts | None = None

    @property
    def access(self) -> Access:
        """How services reach them."""
        management_url = self.rabbitmq.management_url if self.rabbitmq else ""
        return Access(self.rabbitmq_url, self.mongodb_url, management_url, self.accounts)

    @property
    def started_here(self) -> tuple[LocalServer, ...]:
        """The servers that are ours to stop."""
        return tuple(server for server in (self.rabbitmq, self.mongodb) if server is not None)


@contextmanager
def servers(
    folder: Path, environment: Mapping[str, str] = os.environ, *, grace: float = 30.0
) -> Iterator[Servers]:
    """Give both servers while the block runs; data is kept in `folder`.

    At the end each of them is killed that has not stopped in `grace` seconds.
    `RABBITMQ_URL` and `MONGODB_URL` win: what they name is used and nothing is started for it.

    Raises:
        NotPossibleError: something is missing and cannot be installed, or does not start.
    """
    chosen = _choose(folder, environment)
    try:
        _start(chosen)
        yield chosen
    finally:
        _stop(chosen, grace)


def _choose(folder: Path, environment: Mapping[str, str]) -> Servers:
    rabbitmq_url = environment.get("RABBITMQ_URL", "")
    mongodb_url = environment.get("MONGODB_URL", "")
    is_ours = not rabbitmq_url and not mongodb_url
    accounts = Accounts.kept_in(folder / "passwords.json") if is_ours else None
    rabbitmq = None if rabbitmq_url else _rabbitmq(folder, accounts)
    mongodb = None if mongodb_url else _mongodb(folder)
    return Servers(
        rabbitmq_url=rabbitmq.url if rabbitmq else rabbitmq_url,
        mongodb_url=mongodb.url if mongodb else mongodb_url,
        rabbitmq=rabbitmq,
        mongodb=mongodb,
        accounts=accounts,
    )


def _rabbitmq(folder: Path, accounts: Accounts | None) -> LocalRabbitMQ:
    ports = RabbitPorts.choose(amqp=5672, management=15672)
    return LocalRabbitMQ(folder / "rabbitmq", ports, management=True, accounts=accounts)


def _mongodb(folder: Path) -> LocalMongoDB:
    return LocalMongoDB(folder / "mongodb", free_port(27017), find_mongod(LOCAL))


def _start(chosen: Servers) -> None:
    # RabbitMQ takes several seconds of which mongod needs one: launched first, awaited last.
    if chosen.rabbitmq:
        chosen.rabbitmq.launch()
    if chosen.mongodb:
        with waiting("starting MongoDB"):
            chosen.mongodb.start()
    if chosen.rabbitmq:
        with waiting("starting RabbitMQ"):
            chosen.rabbitmq.wait_until_ready()


def _stop(chosen: Servers, grace: float) -> None:
    ours = chosen.started_here
    if not any(server.is_running() for server in ours):
        return
    report("stopping the servers")
    try:
        for server in ours:
            server.terminate()
        for server in ours:
            server.stop(grace)
    except BaseException:
        for server in ours:
            server.discard()
        raise
