"""Composes the gateway from its parts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import structlog
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.registry import Collector

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.cometd_authenticator import CometdAuthenticator
from services.gateway.auth.login_watch import LoginWatcher
from services.gateway.auth.passwords.password_checker import checking_passwords
from services.gateway.auth.sessions.session_watch import SessionWatcher
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.cluster.replicas import Replicas
from services.gateway.commands.command_sender import CommandSender
from services.gateway.commands.promised_interactions import (
    PromisedInteractionMiddleware,
    PromisedInteractionStore,
)
from services.gateway.composition.logins import (
    cookie_sessions,
    request_authenticator,
    sign_in_pages,
)
from services.gateway.composition.rest import (
    attachment_links,
    drop_resource,
    form_bodies,
    rest_resources_router,
)
from services.gateway.desktop.built_files import BuiltFiles
from services.gateway.desktop.pages import DesktopPages
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.dialects import Dialects
from services.gateway.notifications.event_feed import EventFeed
from services.gateway.notifications.journal.journal_reader import JournalReader
from services.gateway.notifications.journal.journal_writer import JournalWriter
from services.gateway.notifications.message_builder import MessageBuilder
from services.gateway.notifications.restore_watch import RestoreWatcher
from services.gateway.notifications.topics import own_topics_only
from services.gateway.notifications.workbin_messages import WorkbinMessageBuilder
from services.gateway.operations.registry import NAMES_OF_COMMANDS
from services.gateway.rest.application import RestApplication
from services.gateway.rest.callers import Callers
from services.gateway.rest.idempotency import IdempotencyMiddleware
from services.gateway.rest.idempotency_store import IdempotencyStore
from services.gateway.rest.open_pages import OpenPages
from services.gateway.rest.resources.downloads import DownloadsResource
from services.gateway.settings import GatewaySettings
from services.gateway.wire.refusals import RefusalTexts
from shared.bayeux import (
    BayeuxCollector,
    BayeuxServer,
    collect_garbage_rarely,
    uvicorn_options,
)
from shared.observability.open_connections import OpenConnectionsCollector
from shared.observability.serving import serving
from shared.peers.open_connections import OpenConnections
from shared.runtime.open_files import room_for_connections
from shared.runtime.resources import Resources
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.database.witness import Witness
from shared.storage.files.document_store import DocumentStore
from shared.storage.journal import Journal, JournalAppender
from shared.storage.journal_generations import JournalGenerations
from shared.storage.mails.report_store import ReportStore

log = structlog.get_logger()


@asynccontextmanager
async def start(
    settings: GatewaySettings, resources: Resources, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[None]:
    """Run the gateway for as long as the context lasts; `registry` gets the metrics of CometD."""
    logins = AgentLoginStore(resources.database)
    agent_cache = AgentCache(resources.agents, logins, resources.clock)
    refusal_texts = RefusalTexts(NAMES_OF_COMMANDS)
    message_builder = MessageBuilder(
        resources.interactions,
        resources.configuration,
        resources.deliveries,
        ReportStore(resources.database),
        refusal_texts,
        root=f"{settings.public_url.rstrip('/')}/api/v2",
    )
    journal_reader = _journal_reader(settings, resources, agent_cache, message_builder)
    presence = PresenceStore(resources.database, resources.clock)
    event_feed = EventFeed(
        settings.rabbitmq_url,
        journal_reader=journal_reader,
        dialects=Dialects(nested=settings.nested_interaction),
        queries=InteractionQueries(resources.database),
        presence=presence,
    )
    promised_interactions = PromisedInteractionStore(resources.database, resources.clock)
    command_sender = CommandSender(
        publisher=resources.publisher,
        promised_interactions=promised_interactions,
        presence=presence,
        outcomes=event_feed,
        message_builder=message_builder,
        refusal_texts=refusal_texts,
        clock=resources.clock,
    )
    writer = _journal_writer(settings, resources)
    async with checking_passwords() as passwords:
        sessions = cookie_sessions(settings, resources, agent_cache)
        authenticator = request_authenticator(settings, resources, agent_cache, sessions, passwords)
        replicas = Replicas(
            ReplicaStore(resources.database, resources.clock),
            own_url=settings.own_url,
            patience=2 * settings.connect_timeout,
        )
        bayeux = BayeuxServer(
            settings.bayeux,
            authenticate=CometdAuthenticator(
                authenticator,
                always_200=settings.http_errors == "always-200",
            ),
            listener=event_feed,
            policy=own_topics_only,
            cluster=replicas,
            trusted_proxies=settings.trusted_proxies,
        )
        callers = Callers(authenticator, public_url=settings.public_url)
        downloads = DownloadsResource(
            callers=callers,
            interactions=resources.interactions,
            documents=DocumentStore(resources.database, resources.clock),
            vault=resources.vault,
            links=attachment_links(resources),
            patience=settings.document_patience,
        )
        rest_application = RestApplication(
            rest=IdempotencyMiddleware(
                PromisedInteractionMiddleware(
                    rest_resources_router(
                        settings,
                        resources,
                        callers,
                        command_sender,
                        journal_reader,
                        promised_interactions,
                        downloads,
                    ),
                    promised_interactions,
                ),
                IdempotencyStore(resources.database),
                authenticator,
                resources.clock,
                max_body=settings.max_body,
                read_form=form_bodies(settings, resources).read,
                always_200=settings.http_errors == "always-200",
            ),
            drop=drop_resource(settings, resources),
            downloads=downloads,
            authenticator=authenticator,
            settings=settings.bayeux,
            always_200=settings.http_errors == "always-200",
            open_pages=OpenPages(
                _desktop(settings), sign_in_pages(settings, agent_cache, sessions, resources.clock)
            ),
        )
        resources.health.add_check("events", event_feed.problem, needed=settings.needs_broker)
        collect_garbage_rarely()
        connections = _open_connections(settings)
        async with (
            writer.writing(),
            replicas.registered(),
            bayeux.running(),
            event_feed.running(bayeux),
            _listening(settings, rest_application, bayeux, connections),
            LoginWatcher(logins, agent_cache, bayeux).running(),
            SessionWatcher(sessions, bayeux).running(),
            _restore_watch(resources, event_feed).running(),
        ):
            with _measured(
                registry, BayeuxCollector(bayeux.protocol), OpenConnectionsCollector(connections)
            ):
                yield
            await bayeux.drain()


def _journal_reader(
    settings: GatewaySettings,
    resources: Resources,
    agent_cache: AgentCache,
    message_builder: MessageBuilder,
) -> JournalReader:
    return JournalReader(
        Journal(resources.database),
        message_builder,
        WorkbinMessageBuilder(
            resources.interactions,
            InteractionQueries(resources.database),
            agent_cache,
            frame=settings.workbin_content,
        ),
    )


def _desktop(settings: GatewaySettings) -> DesktopPages | None:
    if settings.desktop == "off":
        return None
    offers_sign_in = bool(settings.oidc_client_id)
    return DesktopPages(BuiltFiles(title=settings.desktop_title, offers_sign_in=offers_sign_in))


def _journal_writer(settings: GatewaySettings, resources: Resources) -> JournalWriter:
    return JournalWriter(
        settings.rabbitmq_url,
        JournalAppender(resources.database, resources.clock, retention=settings.journal_retention),
        resources.publisher,
        resources.agents,
        ReplicaStore(resources.database, resources.clock).newest_news_form,
    )


def _restore_watch(resources: Resources, event_feed: EventFeed) -> RestoreWatcher:
    return RestoreWatcher(
        JournalGenerations(resources.database, resources.clock),
        Witness(resources.database),
        event_feed,
    )


def _open_connections(settings: GatewaySettings) -> OpenConnections:
    wanted = settings.connection_limits
    limits = replace(wanted, most=room_for_connections(wanted.most))
    if limits.most < wanted.most:
        log.warning("fewer files may be open than connections", connections=limits.most)
    return OpenConnections(limits, asyncio.get_running_loop().time)


@asynccontextmanager
async def _listening(
    settings: GatewaySettings,
    rest_application: RestApplication,
    bayeux: BayeuxServer,
    connections: OpenConnections,
) -> AsyncIterator[None]:
    async with serving(
        rest_application,
        host=settings.host,
        port=settings.port,
        **uvicorn_options(bayeux, connections),
        ws_per_message_deflate=settings.websocket_deflate,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=int(settings.drain.total_seconds()),
        server_header=False,
    ):
        yield


@contextmanager
def _measured(registry: CollectorRegistry, *collectors: Collector) -> Iterator[None]:
    for one in collectors:
        registry.register(one)
    try:
        yield
    finally:
        for one in collectors:
            registry.unregister(one)
