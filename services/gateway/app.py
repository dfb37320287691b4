"""Composes the gateway: the one place that knows all of its parts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from prometheus_client import REGISTRY, CollectorRegistry
from starlette.routing import Router

from services.gateway.auth.access_tokens import TokenRules
from services.gateway.auth.agent_cache import Roster
from services.gateway.auth.authenticator import Admission
from services.gateway.auth.bearer_authenticator import Bearers
from services.gateway.auth.cometd_authenticator import Entrance
from services.gateway.auth.cookie_sessions import Sessions
from services.gateway.auth.failed_login_store import LoginFailures
from services.gateway.auth.login_throttle import Brake
from services.gateway.auth.login_watch import Vigil
from services.gateway.auth.password_authenticator import Logins
from services.gateway.auth.password_checker import Passwords, checking_passwords
from services.gateway.auth.session_store import SessionStore
from services.gateway.auth.session_watch import SessionWatch
from services.gateway.auth.signing_keys import SigningKeys, from_address, from_file
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.cluster.replicas import Replicas
from services.gateway.commands.command_sender import Handing
from services.gateway.commands.operation_order import Turns
from services.gateway.commands.promised_interactions import (
    PromisedInteractions,
    PromiseKeeping,
    PromiseStore,
)
from services.gateway.interaction_queries import DeskStore
from services.gateway.notifications.dialects import Dialects
from services.gateway.notifications.event_feed import News
from services.gateway.notifications.journal_reader import Recounting
from services.gateway.notifications.journal_writer import JournalWriter
from services.gateway.notifications.message_builder import Telling
from services.gateway.notifications.restore_watch import RestoreWatch
from services.gateway.notifications.topics import own_topics_only
from services.gateway.notifications.workbin_messages import WorkbinTelling
from services.gateway.rest.application import Dispatcher
from services.gateway.rest.callers import Callers
from services.gateway.rest.idempotency import Repeating
from services.gateway.rest.idempotency_store import RememberedAnswers
from services.gateway.rest.resources.attachments import Uploading
from services.gateway.rest.resources.channels import Presence
from services.gateway.rest.resources.context_services import History
from services.gateway.rest.resources.directory import Directory
from services.gateway.rest.resources.downloads import Downloading
from services.gateway.rest.resources.interactions import Reading
from services.gateway.rest.resources.operations import Operating
from services.gateway.rest.resources.workbins import Shelves
from services.gateway.rest.routes import RestResources, rest_router
from services.gateway.settings import GatewaySettings
from shared.bayeux import (
    BayeuxCollector,
    BayeuxServer,
    collect_garbage_rarely,
    uvicorn_options,
)
from shared.domain.clock import Clock
from shared.observability.serving import serving
from shared.runtime.resources import Resources
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.database.witness import Witness
from shared.storage.files.document_store import DocumentStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.journal import Journal, JournalWriting
from shared.storage.journal_generations import JournalGenerations
from shared.storage.turn_store import TurnStore
from shared.storage.upload_store import UploadStore


@asynccontextmanager
async def start(
    settings: GatewaySettings, resources: Resources, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[None]:
    """Run the gateway for as long as the context lasts; `registry` gets CometD's numbers."""
    logins = AgentLoginStore(resources.database)
    roster = Roster(resources.agents, logins, resources.clock)
    telling = Telling(resources.interactions, resources.configuration)
    recounting = _recounting(settings, resources, roster, telling)
    presence = PresenceStore(resources.database, resources.clock)
    news = News(
        settings.rabbitmq_url,
        recounting=recounting,
        dialects=Dialects(nested=settings.nested_interaction),
        desk=DeskStore(resources.database),
        presence=presence,
    )
    promises = PromiseStore(resources.database, resources.clock)
    handing = Handing(
        publisher=resources.publisher,
        promises=promises,
        presence=presence,
        news=news,
        telling=telling,
        clock=resources.clock,
    )
    writer = _journal_writer(settings, resources)
    async with checking_passwords() as passwords:
        sessions = Sessions(
            SessionStore(resources.database),
            roster,
            resources.clock,
            idle=settings.session_idle,
            lifetime=settings.session_lifetime,
        )
        admission = _admission(settings, resources, roster, sessions, passwords)
        replicas = Replicas(
            ReplicaStore(resources.database, resources.clock),
            own_url=settings.own_url,
            patience=2 * settings.connect_timeout,
        )
        bayeux = BayeuxServer(
            settings.bayeux,
            authenticate=Entrance(
                admission,
                always_200=settings.http_errors == "always-200",
            ),
            listener=news,
            policy=own_topics_only,
            elsewhere=replicas,
            trusted_proxies=settings.trusted_proxies,
        )
        callers = Callers(admission, public_url=settings.public_url)
        front = Dispatcher(
            rest=Repeating(
                PromiseKeeping(
                    _rest(settings, resources, callers, handing, recounting, promises), promises
                ),
                RememberedAnswers(resources.database),
                admission,
                resources.clock,
                max_body=settings.max_body,
                always_200=settings.http_errors == "always-200",
            ),
            admission=admission,
            settings=settings.bayeux,
            always_200=settings.http_errors == "always-200",
        )
        resources.health.claim("events", news.problem, needed=settings.needs_broker)
        collect_garbage_rarely()
        async with (
            writer.writing(),
            replicas.known(),
            bayeux.running(),
            news.flowing(bayeux),
            _listening(settings, front, bayeux),
            Vigil(logins, roster, bayeux).keeping(),
            SessionWatch(sessions, bayeux).keeping(),
            _restore_watch(resources, news).keeping(),
        ):
            with _measured(bayeux, registry):
                yield
            await bayeux.drain()


def _recounting(
    settings: GatewaySettings, resources: Resources, roster: Roster, telling: Telling
) -> Recounting:
    return Recounting(
        Journal(resources.database),
        telling,
        WorkbinTelling(
            resources.interactions,
            DeskStore(resources.database),
            roster,
            frame=settings.workbin_content,
        ),
    )


def _admission(
    settings: GatewaySettings,
    resources: Resources,
    roster: Roster,
    sessions: Sessions,
    passwords: Passwords,
) -> Admission:
    clock = resources.clock
    brake = Brake(LoginFailures(resources.database))
    return Admission(
        logins=Logins(passwords, roster, brake, clock),
        sessions=sessions,
        bearers=_bearers(settings, roster, clock) if settings.oidc_issuer else None,
        clock=clock,
        cookies=settings.cookies,
        checks_csrf=settings.csrf == "on",
    )


def _bearers(settings: GatewaySettings, roster: Roster, clock: Clock) -> Bearers:
    file = settings.oidc_jwks_file
    rules = TokenRules(
        settings.oidc_issuer,
        settings.oidc_audience,
        user_claim=settings.oidc_user_claim,
        clients=settings.oidc_clients,
    )
    keys = SigningKeys(from_file(file) if file else from_address(settings.oidc_jwks_url))
    return Bearers(keys, rules, roster, clock)


def _journal_writer(settings: GatewaySettings, resources: Resources) -> JournalWriter:
    return JournalWriter(
        settings.rabbitmq_url,
        JournalWriting(resources.database, resources.clock, retention=settings.journal_retention),
        resources.publisher,
        resources.agents,
        ReplicaStore(resources.database, resources.clock).newest_news_form,
    )


def _restore_watch(resources: Resources, news: News) -> RestoreWatch:
    return RestoreWatch(
        JournalGenerations(resources.database, resources.clock),
        Witness(resources.database),
        news,
    )


def _rest(
    settings: GatewaySettings,
    resources: Resources,
    callers: Callers,
    handing: Handing,
    recounting: Recounting,
    promises: PromiseStore,
) -> Router:
    operating = Operating(
        callers=callers,
        interactions=resources.interactions,
        promised=PromisedInteractions(resources.interactions, promises, settings.turn_patience),
        deliveries=resources.deliveries,
        agents=resources.agents,
        configuration=resources.configuration,
        publisher=resources.publisher,
        handing=handing,
        turns=Turns(TurnStore(resources.database), resources.clock, settings.turn_patience),
        clock=resources.clock,
        max_body=settings.max_body,
        only_new_keys=settings.attach_only_new,
    )
    parts = RestResources(
        presence=Presence(
            callers=callers,
            agents=resources.agents,
            configuration=resources.configuration,
            max_body=settings.max_body,
        ),
        reading=Reading(
            callers=callers,
            desk=DeskStore(resources.database),
            recounting=recounting,
            interactions=resources.interactions,
            deliveries=resources.deliveries,
            shows_foreign_mail=settings.shows_foreign_mail,
            admins_read_interactions=settings.admins_read_interactions,
            max_listed=settings.max_listed,
        ),
        operating=operating,
        shelves=Shelves(
            callers=callers,
            desk=DeskStore(resources.database),
            configuration=resources.configuration,
            operating=operating,
            max_body=settings.max_body,
        ),
        downloading=Downloading(
            callers=callers,
            interactions=resources.interactions,
            documents=DocumentStore(resources.database, resources.clock),
            vault=resources.vault,
            patience=settings.document_patience,
        ),
        directory=Directory(
            callers=callers,
            agents=resources.agents,
            configuration=resources.configuration,
            max_listed=settings.max_listed,
        ),
        history=History(
            callers=callers,
            desk=DeskStore(resources.database),
            arrivals=resources.arrivals,
            deliveries=resources.deliveries,
            threads=ThreadStore(resources.database),
            shows_foreign_mail=settings.shows_foreign_mail,
        ),
        uploading=Uploading(
            callers=callers,
            interactions=resources.interactions,
            uploads=UploadStore(resources.database, resources.clock),
            vault=resources.vault,
            configuration=resources.configuration,
            handing=handing,
            stall=settings.upload_stall,
        ),
    )
    return rest_router(parts)


@asynccontextmanager
async def _listening(
    settings: GatewaySettings, front: Dispatcher, bayeux: BayeuxServer
) -> AsyncIterator[None]:
    async with serving(
        front,
        host=settings.host,
        port=settings.port,
        **uvicorn_options(bayeux),
        ws_per_message_deflate=settings.websocket_deflate,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=int(settings.drain.total_seconds()),
        server_header=False,
    ):
        yield


@contextmanager
def _measured(bayeux: BayeuxServer, registry: CollectorRegistry) -> Iterator[None]:
    collector = BayeuxCollector(bayeux.hub)
    registry.register(collector)
    try:
        yield
    finally:
        registry.unregister(collector)
