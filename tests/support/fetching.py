"""Pods of fetching without their process, on real servers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from services.fetching.app import make_logins, make_watch
from services.fetching.mailbox_watch import MailboxWatch
from services.fetching.settings import FetchingSettings
from services.ingest.arrival_parser import ArrivalParser, ParsingStores
from services.ingest.parser.isolated_parser import IsolatedParser
from services.ingest.store import CopyStore
from shared.background_tasks import run_periodically
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.domain.clock import SystemClock
from shared.domain.mailbox_health import Health
from shared.mail.parsing.parser import parse_mail
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.observability.probes import Health as Probes
from shared.runtime.resources import Resources
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.files.vault import Vault
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails import arrival_store, delivery_store, mailbox_store
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.awaited_mail_store import AwaitedMailStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.mailbox_store import MailboxStore, StoredFolder, described_folders
from tests.support.backend import CENTER, Backend
from tests.support.gateway import Gateway
from tests.support.ingest import make_arrivals, make_matcher
from tests.support.waiting import until

PASSWORDS = {"DESK_PASSWORD": "a-password-of-the-mailbox"}
SUPPORT = "support@demo.example"


def fetch(port: int, user_name: str = "desk", /, **changes: object) -> dict[str, object]:
    """Return how a mailbox of this machine is fetched, by password unless changed."""
    imap = {"host": "localhost", "port": port, "tls": "none", "user_name": user_name}
    return {
        "imap": imap,
        "login": {"password_variable": "DESK_PASSWORD"},
        "every": 15,
    } | changes


def described(*fetches: Mapping[str, object], **sections: object) -> ContactCenter:
    """Return the test's contact center with its first mailboxes fetched."""
    content = CENTER.model_dump(mode="json")
    mailboxes = content["mailboxes"]
    for number in range(len(mailboxes), len(fetches)):
        mailboxes.append({"address": f"box{number}@demo.example", "queue": "support"})
    for mailbox, one in zip(mailboxes, fetches, strict=False):
        mailbox["fetch"] = one
    return ContactCenter.model_validate(content | sections)


async def fetch_support(gateway: Gateway) -> None:
    """Put a contact center in force whose mailbox SUPPORT alone is fetched, as never before."""
    backend, center = gateway.backend, described(fetch(1))
    await backend.database[mailbox_store.COLLECTION].delete_many({})
    await gateway.describe(center)
    await MailboxStore(backend.database).add_described(center, backend.clock.now())


@dataclass
class FetchingPod:
    """One pod, and what it has stored."""

    backend: Backend
    watch: MailboxWatch
    center: ContactCenter
    resources: Resources

    async def arrived(self) -> list[str]:
        """Return the Message-IDs of all arrivals, each as often as it was stored."""
        found = await self._arrival_ids()
        arrivals = [await self.resources.arrivals.get(one) for one in found]
        return [parse_mail(one.raw).message_id for one in arrivals]

    async def _arrival_ids(self) -> list[str]:
        stored = self.backend.database[arrival_store.COLLECTION]
        return [
            one["_id"] for one in await stored.find({}, {"_id": 1}, sort=[("_id", 1)]).to_list()
        ]

    async def has(self, *ids: str) -> bool:
        """Wait for these mails; return whether they have arrived, each once."""

        async def holds() -> bool:
            return len(await self._arrival_ids()) >= len(ids)

        await until(holds, 20)
        return sorted(await self.arrived()) == sorted(ids)

    async def folder(self, number: int = 0) -> StoredFolder:
        """Return what is known of a folder."""
        wanted = described_folders(self.center)[number]
        (found,) = await MailboxStore(self.backend.database).get([wanted])
        return found

    async def becomes(self, health: Health, number: int = 0, seconds: float = 20) -> bool:
        """Wait until a folder is in a state that is up to date; return whether it came."""

        async def holds() -> bool:
            folder = await self.folder(number)
            was_seen = folder.last_look_at is not None
            return was_seen and folder.health(SystemClock().now()) is health

        return await until(holds, seconds)

    async def catches_up(self, number: int = 0) -> bool:
        """Wait until nothing is left to fetch from a folder."""
        wanted = described_folders(self.center)[number]

        async def holds() -> bool:
            found = await self.backend.newest("mailboxes", wanted)
            return (
                bool(found.get("last_good_at"))
                and not found.get("catch_up")
                and not found.get("behind")
                and not found.get("faults", 1)
            )

        return await until(holds, 20)


@asynccontextmanager
async def running_pod(
    backend: Backend,
    center: ContactCenter,
    environment: Mapping[str, str] = PASSWORDS,
    **settings: object,
) -> AsyncIterator[FetchingPod]:
    """Run a pod that looks for orders ten times a second."""
    resources = make_resources(backend)
    await resources.configuration.write(center)
    read = make_settings(**settings)
    watch = make_watch(read, resources, make_logins(read, resources, environment), environment)
    tenth = timedelta(seconds=0.1)
    try:
        await watch.assign_folders()
        async with (
            run_periodically(watch.assign_folders, every=tenth),
            run_periodically(watch.renew, every=read.lease / 4),
        ):
            yield FetchingPod(backend, watch, center, resources)
    finally:
        await watch.stop()


def make_settings(**changed: object) -> FetchingSettings:
    """Return settings with short times."""
    return FetchingSettings.model_validate(
        {"RABBITMQ_URL": "amqp://unused", "MONGODB_URL": "mongodb://unused"} | changed
    )


def make_resources(backend: Backend) -> Resources:
    """Return the resources of a pod, by the clock of this machine, which is the database's."""
    clock = SystemClock()
    outbox = OutboxPublisher(
        backend.publisher, CollectionOutbox(backend.database[delivery_store.COLLECTION])
    )
    return Resources(
        clock,
        backend.database,
        backend.publisher,
        backend.interactions,
        backend.agents,
        DeliveryStore(backend.database, clock, outbox.announce),
        make_arrivals(backend),
        ConfigurationStore(backend.database, clock),
        Vault(backend.database, clock),
        Probes(),
    )


async def parse_all(pod: FetchingPod) -> None:
    """Make interactions of all arrivals, as ingest does."""
    resources, backend = pod.resources, pod.backend
    found = await backend.database[arrival_store.COLLECTION].find({}, {"_id": 1}).to_list()
    async with IsolatedParser() as parser:
        parsing = ArrivalParser(
            ParsingStores(
                resources.arrivals,
                backend.interactions,
                ThreadStore(backend.database),
                ContactStore(backend.database, backend.clock),
                CopyStore(backend.database),
                AllowanceStore(backend.database),
                AwaitedMailStore(backend.database, backend.clock),
            ),
            reports=make_matcher(backend),
            configuration=resources.configuration,
            parser=parser,
            clock=resources.clock,
        )
        for one in found:
            arrival = await resources.arrivals.get(one["_id"])
            await parsing.parse_arrival(arrival, Cause.about(arrival.id))
