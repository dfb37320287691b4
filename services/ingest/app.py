"""Builds ingest from its parts and runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from services.ingest.arrival_parser import ArrivalParser, ParsingStores
from services.ingest.direct_parsing import DirectParsing
from services.ingest.handlers import ingest_handler
from services.ingest.parser.isolated_parser import IsolatedParser
from services.ingest.report_matcher import ReportMatcher
from services.ingest.settings import IngestSettings
from services.ingest.smtp.listeners import listening
from services.ingest.smtp.receiver import MailReceiver
from services.ingest.store import CopyStore
from shared.background_tasks import StopDeadline
from shared.intake.flood_gate import FloodGate
from shared.intake.mail_intake import MailIntake
from shared.messaging.topology import INGEST
from shared.observability.probes import Health
from shared.runtime.resources import Resources
from shared.runtime.worker_consumer import running_consumer
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.awaited_mail_store import AwaitedMailStore
from shared.storage.mails.report_store import ReportStore

if TYPE_CHECKING:
    from services.ingest.smtp.server_certificate import ServerCertificate


@asynccontextmanager
async def start(settings: IngestSettings, resources: Resources) -> AsyncIterator[None]:
    """Run ingest for as long as the context lasts.

    At its end the broker's deliveries end first, then listeners, then parsing.
    """
    deadline = StopDeadline(settings.drain)
    async with (
        IsolatedParser(
            processes=settings.parsers,
            quick=settings.quick_parsing,
            deadline=settings.parsing,
        ) as parser,
        running_consumer(settings, resources, INGEST, deadline) as consumer,
    ):
        arrival_parser = _arrival_parser(settings, resources, parser)
        consumer.subscriber(ingest_handler(arrival_parser))
        direct_parsing = DirectParsing(
            resources.arrivals,
            arrival_parser,
            at_once=settings.parsing_at_once,
            patience=settings.room_for_parsing,
            deadline=deadline,
        )
        allowances = AllowanceStore(resources.database)
        intake = MailIntake(
            direct_parsing,
            resources.configuration,
            settings.intake_rules,
            resources.clock,
            gate=FloodGate(allowances, resources.configuration, resources.clock),
        )
        receiver = MailReceiver(intake, settings)
        async with (
            consumer.running(),
            direct_parsing.running(),
            _certificate(settings, resources.health) as certificate,
            listening(receiver, settings, certificate, deadline=deadline),
        ):
            try:
                yield
            finally:
                # First of all: the parts before need the time for what they have begun.
                await consumer.stop_consuming()


def _arrival_parser(
    settings: IngestSettings, resources: Resources, parser: IsolatedParser
) -> ArrivalParser:
    return ArrivalParser(
        ParsingStores(
            resources.arrivals,
            resources.interactions,
            ThreadStore(resources.database),
            ContactStore(resources.database, resources.clock),
            CopyStore(resources.database),
            AllowanceStore(resources.database),
            AwaitedMailStore(resources.database, resources.clock),
        ),
        configuration=resources.configuration,
        parser=parser,
        reports=ReportMatcher(
            reports=ReportStore(resources.database),
            deliveries=resources.deliveries,
            interactions=resources.interactions,
            threads=ThreadStore(resources.database),
            clock=resources.clock,
            key=settings.bounce_key.get_secret_value(),
        ),
        clock=resources.clock,
    )


@asynccontextmanager
async def _certificate(
    settings: IngestSettings, health: Health
) -> "AsyncIterator[ServerCertificate | None]":
    if settings.tls_certificate is None or settings.tls_key is None:
        yield None
        return
    # Without a certificate ingest starts without the library that reads one.
    from services.ingest.smtp.server_certificate import ServerCertificate  # noqa: PLC0415

    certificate = ServerCertificate(settings.tls_certificate, settings.tls_key)
    health.add_check("certificate", certificate.problem, needed=False)
    async with certificate.watched():
        yield certificate
