"""Ingest's parts on real servers."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.ingest.arrival_parser import ArrivalParser, ParsingStores
from services.ingest.parser.isolated_parser import IsolatedParser
from services.ingest.report_matcher import ReportMatcher
from services.ingest.settings import IngestSettings
from services.ingest.smtp.listeners import listening
from services.ingest.smtp.receiver import MailReceiver
from services.ingest.smtp.server_certificate import ServerCertificate
from services.ingest.store import CopyStore
from shared.domain.mail_envelope import MailEnvelope, Way
from shared.intake.flood_gate import FloodGate
from shared.intake.mail_intake import MailIntake
from shared.messaging.outbox_publisher import OutboxPublisher
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.outbox import CollectionOutbox
from shared.storage.files.vault import Vault
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails import arrival_store as arrivals
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.awaited_mail_store import AwaitedMailStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.report_store import ReportStore
from tests.doubles.listener import listener_settings
from tests.support.backend import Backend

KEY = "a-key-of-the-tests-for-bounces-0123456789"
MAIL = b"From: ann@example.org\r\nTo: support@demo.example\r\nSubject: Hi\r\n\r\nHello\r\n"
INVOICE = b"From: ann@example.org\r\nSubject: Invoice 17\r\n\r\nHello\r\n"


@dataclass
class Ingest:
    """The listeners, and what is behind them."""

    settings: IngestSettings
    arrivals: ArrivalStore
    parsing: ArrivalParser
    outbox_publisher: OutboxPublisher

    async def smtp(self, talk: Callable[[smtplib.SMTP], Any]) -> Any:
        """Return what a conversation with the SMTP listener comes to."""
        return await asyncio.to_thread(self._talk, smtplib.SMTP, self.settings.smtp_port, talk)

    async def lmtp(self, talk: Callable[[smtplib.SMTP], Any]) -> Any:
        """Return what a conversation with the LMTP listener comes to."""
        return await asyncio.to_thread(self._talk, smtplib.LMTP, self.settings.lmtp_port, talk)

    @staticmethod
    def _talk(kind: type[smtplib.SMTP], port: int, talk: Callable[[smtplib.SMTP], Any]) -> Any:
        with kind("127.0.0.1", port) as client:
            return talk(client)


def envelope(*mailboxes: str, sender: str = "") -> MailEnvelope:
    """Return the envelope of a mail that came by SMTP, by default for support@demo.example."""
    names = mailboxes or ("support@demo.example",)
    return MailEnvelope(Way.SMTP, sender, names, "192.0.2.1", names)


def make_receiver(backend: Backend, settings: IngestSettings, store: ArrivalStore) -> MailReceiver:
    """Return what answers to RCPT and DATA, and stores mail there."""
    allowances = AllowanceStore(backend.database)
    intake = MailIntake(
        store,
        backend.configuration,
        settings.intake_rules,
        backend.clock,
        gate=FloodGate(allowances, backend.configuration, backend.clock),
    )
    return MailReceiver(intake, settings)


def make_announcer(backend: Backend) -> OutboxPublisher:
    """Return what publishes the outboxes of arrivals, and sweeps only when it is told to."""
    return OutboxPublisher(
        backend.publisher, CollectionOutbox(backend.database[arrivals.COLLECTION])
    )


def make_arrivals(
    backend: Backend, outbox_publisher: OutboxPublisher | None = None
) -> ArrivalStore:
    """Return the arrivals of a backend."""
    vault = Vault(backend.database, backend.clock)
    return ArrivalStore(
        backend.database, vault, backend.clock, outbox_publisher or make_announcer(backend)
    )


async def _leave_to_sweep(_: str, __: object) -> None:
    """Publish nothing: ingest only reads deliveries."""


def make_matcher(backend: Backend, key: str = KEY) -> ReportMatcher:
    """Return what matches reports to the deliveries of a backend."""
    return ReportMatcher(
        reports=ReportStore(backend.database),
        deliveries=DeliveryStore(backend.database, backend.clock, _leave_to_sweep),
        interactions=backend.interactions,
        threads=ThreadStore(backend.database),
        clock=backend.clock,
        key=key,
    )


@asynccontextmanager
async def running_ingest(backend: Backend, **changed: Any) -> AsyncIterator[Ingest]:
    """Give listeners on free ports, with some settings."""
    settings, outbox_publisher = listener_settings(**changed), make_announcer(backend)
    certificate = None
    if settings.tls_certificate and settings.tls_key:
        certificate = ServerCertificate(settings.tls_certificate, settings.tls_key)
    store = make_arrivals(backend, outbox_publisher)
    async with (
        IsolatedParser() as parser,
        listening(make_receiver(backend, settings, store), settings, certificate),
    ):
        parsing = ArrivalParser(
            ParsingStores(
                store,
                backend.interactions,
                ThreadStore(backend.database),
                ContactStore(backend.database, backend.clock),
                CopyStore(backend.database),
                AllowanceStore(backend.database),
                AwaitedMailStore(backend.database, backend.clock),
            ),
            configuration=backend.configuration,
            parser=parser,
            reports=make_matcher(backend),
            clock=backend.clock,
        )
        yield Ingest(settings, store, parsing, outbox_publisher)
        await outbox_publisher.finish()
