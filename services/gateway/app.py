"""Composes the gateway from its parts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta

import structlog
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.registry import Collector

from services.gateway.auth.cometd_authenticator import CometdAuthenticator
from services.gateway.auth.login_watch import LoginWatcher
from services.gateway.auth.passwords.password_checker import checking_passwords
from services.gateway.auth.sessions.session_watch import SessionWatcher
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.cluster.replicas import Replicas
from services.gateway.composition.parts import gateway_parts
from services.gateway.composition.rest import rest_application
from services.gateway.composition.rest_resources import rest_resources_router
from services.gateway.notifications.event_feed import EventFeed
from services.gateway.notifications.journal.journal_writer import JournalWriter
from services.gateway.notifications.restore_watch import RestoreWatcher
from services.gateway.notifications.topics import own_topics_only
from services.gateway.rest.application import RestApplication
from services.gateway.rest.resources.openapi import openapi_response
from services.gateway.settings import GatewaySettings
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
from shared.storage.database.witness import Witness
from shared.storage.journal import JournalAppender
from shared.storage.journal_generations import JournalGenerations

log = structlog.get_logger()


@asynccontextmanager
async def start(
    settings: GatewaySettings, resources: Resources, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[None]:
    """Run the gateway for as long as the context lasts; `registry` gets the metrics of CometD."""
    async with checking_passwords() as passwords:
        parts = gateway_parts(settings, resources, passwords)
        event_feed = parts.event_feed
        writer = _journal_writer(settings, resources, event_feed)
        replicas = Replicas(
            ReplicaStore(resources.database, resources.clock),
            own_url=settings.own_url,
            patience=2 * settings.connect_timeout,
        )
        bayeux = BayeuxServer(
            settings.bayeux,
            authenticate=CometdAuthenticator(parts.authenticator, always_200=parts.always_200),
            listener=event_feed,
            policy=own_topics_only,
            cluster=replicas,
            trusted_proxies=settings.trusted_proxies,
        )
        application = rest_application(parts, rest_resources_router(parts), openapi_response)
        resources.health.add_check("events", event_feed.problem, needed=settings.needs_broker)
        collect_garbage_rarely()
        connections = _open_connections(settings)
        async with (
            writer.writing(),
            replicas.registered(),
            bayeux.running(),
            event_feed.running(bayeux),
            _listening(settings, application, bayeux, connections),
            LoginWatcher(parts.agent_logins, parts.agent_cache, bayeux).running(),
            SessionWatcher(parts.sessions, bayeux).running(),
            parts.mailbox_news.running(bayeux),
            _restore_watch(resources, event_feed).running(),
        ):
            with _measured(
                registry, BayeuxCollector(bayeux.protocol), OpenConnectionsCollector(connections)
            ):
                yield
            await bayeux.drain()


def _journal_writer(
    settings: GatewaySettings, resources: Resources, event_feed: EventFeed
) -> JournalWriter:
    return JournalWriter(
        settings.rabbitmq_url,
        JournalAppender(resources.database, resources.clock, retention=settings.journal_retention),
        resources.publisher,
        resources.agents,
        ReplicaStore(resources.database, resources.clock).newest_news_form,
        deliver_here=event_feed.deliver,
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
        # Websockets are closed before, which takes up to `drain_grace`.
        timeout_graceful_shutdown=_whole_seconds(settings.drain - settings.bayeux.drain_grace),
        server_header=False,
    ):
        yield


def _whole_seconds(time: timedelta) -> int:
    return max(1, int(time.total_seconds()))


@contextmanager
def _measured(registry: CollectorRegistry, *collectors: Collector) -> Iterator[None]:
    for one in collectors:
        registry.register(one)
    try:
        yield
    finally:
        for one in collectors:
            registry.unregister(one)
