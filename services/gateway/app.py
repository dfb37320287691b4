"""Composes the gateway from its parts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from prometheus_client import REGISTRY, CollectorRegistry
from starlette.routing import Router

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.cometd_authenticator import CometdAuthenticator
from services.gateway.auth.login_watch import LoginWatcher
from services.gateway.auth.password_checker import checking_passwords
from services.gateway.auth.session_watch import SessionWatcher
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.cluster.replicas import Replicas
from services.gateway.commands.command_sender import CommandSender
from services.gateway.commands.operation_order import OperationOrder
from services.gateway.commands.promised_interactions import (
    PromisedInteractionMiddleware,
    PromisedInteractions,
    PromisedInteractionStore,
)
from services.gateway.composition.logins import (
    cookie_sessions,
    request_authenticator,
    sign_in_pages,
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
from services.gateway.rest.application import RestApplication
from services.gateway.rest.attachment_links import AttachmentLinks
from services.gateway.rest.callers import Callers
from services.gateway.rest.history_readers import HistoryReaders
from services.gateway.rest.idempotency import IdempotencyMiddleware
from services.gateway.rest.idempotency_store import IdempotencyStore
from services.gateway.rest.link_key_store import LinkKeyStore
from services.gateway.rest.open_pages import OpenPages
from services.gateway.rest.preference_store import PreferenceStore
from services.gateway.rest.resources.attachments import AttachmentsResource
from services.gateway.rest.resources.channels import ChannelsResource
from services.gateway.rest.resources.contacts import ContactsResource
from services.gateway.rest.resources.context_services import ContextServicesResource
from services.gateway.rest.resources.directory import DirectoryResource
from services.gateway.rest.resources.downloads import DownloadsResource
from services.gateway.rest.resources.drop import DropLimits, DropResource
from services.gateway.rest.resources.interactions import InteractionsResource
from services.gateway.rest.resources.mail_pages import MailPagesResource
from services.gateway.rest.resources.mailboxes import MailboxesResource
from services.gateway.rest.resources.operations import OperationsResource
from services.gateway.rest.resources.preferences import PreferencesResource
from services.gateway.rest.resources.workbins import WorkbinsResource
from services.gateway.rest.routes import RestResources, rest_router
from services.gateway.rest.uploads.form_files import FormBodies, PaceLimits
from services.gateway.settings import GatewaySettings
from shared.bayeux import (
    BayeuxCollector,
    BayeuxServer,
    collect_garbage_rarely,
    uvicorn_options,
)
from shared.intake.mail_intake import IntakeRules, MailIntake
from shared.observability.serving import serving
from shared.runtime.resources import Resources
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.contacts.contact_editor import ContactEditor
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.witness import Witness
from shared.storage.files.document_store import DocumentStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.journal import Journal, JournalAppender
from shared.storage.journal_generations import JournalGenerations
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.mails.report_store import ReportStore
from shared.storage.turn_store import TurnStore
from shared.storage.upload_store import UploadStore


@asynccontextmanager
async def start(
    settings: GatewaySettings, resources: Resources, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[None]:
    """Run the gateway for as long as the context lasts; `registry` gets the metrics of CometD."""
    logins = AgentLoginStore(resources.database)
    agent_cache = AgentCache(resources.agents, logins, resources.clock)
    message_builder = MessageBuilder(
        resources.interactions,
        resources.configuration,
        resources.deliveries,
        ReportStore(resources.database),
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
            links=_links(resources),
            patience=settings.document_patience,
        )
        rest_application = RestApplication(
            rest=IdempotencyMiddleware(
                PromisedInteractionMiddleware(
                    _rest(
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
                read_form=_form_bodies(settings, resources).read,
                always_200=settings.http_errors == "always-200",
            ),
            drop=_drop(settings, resources),
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
        async with (
            writer.writing(),
            replicas.registered(),
            bayeux.running(),
            event_feed.running(bayeux),
            _listening(settings, rest_application, bayeux),
            LoginWatcher(logins, agent_cache, bayeux).running(),
            SessionWatcher(sessions, bayeux).running(),
            _restore_watch(resources, event_feed).running(),
        ):
            with _measured(bayeux, registry):
                yield
            await bayeux.drain()


def _form_bodies(settings: GatewaySettings, resources: Resources) -> FormBodies:
    limits = PaceLimits(settings.upload_stall, settings.upload_slowest)
    return FormBodies(resources.configuration, limits)


def _drop(settings: GatewaySettings, resources: Resources) -> DropResource:
    rules = IntakeRules(settings.largest_mail, host_name=settings.mail_host_name)
    return DropResource(
        intake=MailIntake(resources.arrivals, resources.configuration, rules, resources.clock),
        configuration=resources.configuration,
        answers=IdempotencyStore(resources.database),
        limits=DropLimits(
            settings.largest_mail,
            at_once=settings.drops_at_once,
            at_once_per_token=settings.drops_at_once_per_token,
            per_minute=settings.drops_per_token,
            pace=PaceLimits(settings.upload_stall, settings.upload_slowest),
        ),
        clock=resources.clock,
    )


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


def _links(resources: Resources) -> AttachmentLinks:
    return AttachmentLinks(LinkKeyStore(resources.database), resources.clock)


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


def _rest(
    settings: GatewaySettings,
    resources: Resources,
    callers: Callers,
    command_sender: CommandSender,
    journal_reader: JournalReader,
    promised_interactions: PromisedInteractionStore,
    downloads: DownloadsResource,
) -> Router:
    operations = OperationsResource(
        callers=callers,
        interactions=resources.interactions,
        promised=PromisedInteractions(
            resources.interactions, promised_interactions, settings.turn_patience
        ),
        deliveries=resources.deliveries,
        agents=resources.agents,
        configuration=resources.configuration,
        publisher=resources.publisher,
        command_sender=command_sender,
        operation_order=OperationOrder(
            TurnStore(resources.database), resources.clock, settings.turn_patience
        ),
        clock=resources.clock,
        max_body=settings.max_body,
        only_new_keys=settings.attach_only_new,
    )
    readers = HistoryReaders(
        callers=callers,
        queries=InteractionQueries(resources.database),
        threads=ThreadStore(resources.database),
        shows_foreign_mail=settings.shows_foreign_mail,
    )
    parts = RestResources(
        channels=ChannelsResource(
            callers=callers,
            agents=resources.agents,
            configuration=resources.configuration,
            max_body=settings.max_body,
        ),
        preferences=PreferencesResource(callers, PreferenceStore(resources.database)),
        interactions=InteractionsResource(
            callers=callers,
            queries=InteractionQueries(resources.database),
            journal_reader=journal_reader,
            interactions=resources.interactions,
            deliveries=resources.deliveries,
            reports=ReportStore(resources.database),
            shows_foreign_mail=settings.shows_foreign_mail,
            admins_read_interactions=settings.admins_read_interactions,
            max_listed=settings.max_listed,
        ),
        operations=operations,
        workbins=WorkbinsResource(
            callers=callers,
            queries=InteractionQueries(resources.database),
            configuration=resources.configuration,
            operations=operations,
            max_body=settings.max_body,
        ),
        downloads=downloads,
        directory=DirectoryResource(
            callers=callers,
            agents=resources.agents,
            configuration=resources.configuration,
            max_listed=settings.max_listed,
        ),
        context_services=ContextServicesResource(
            callers=callers,
            readers=readers,
            queries=InteractionQueries(resources.database),
            arrivals=resources.arrivals,
            deliveries=resources.deliveries,
            threads=ThreadStore(resources.database),
            reports=ReportStore(resources.database),
        ),
        mail_pages=MailPagesResource(readers, _links(resources)),
        attachments=AttachmentsResource(
            callers=callers,
            interactions=resources.interactions,
            uploads=UploadStore(resources.database, resources.clock),
            vault=resources.vault,
            configuration=resources.configuration,
            command_sender=command_sender,
            bodies=_form_bodies(settings, resources),
        ),
        mailboxes=MailboxesResource(
            callers=callers,
            mailboxes=MailboxStore(resources.database),
            configuration=resources.configuration,
            clock=resources.clock,
            max_listed=settings.max_listed,
            max_body=settings.max_body,
        ),
        contacts=_contacts(callers, settings, resources),
    )
    return rest_router(parts)


def _contacts(
    callers: Callers, settings: GatewaySettings, resources: Resources
) -> ContactsResource:
    contacts = ContactStore(resources.database, resources.clock)
    return ContactsResource(
        callers=callers,
        contacts=contacts,
        editor=ContactEditor(resources.database, contacts, resources.clock),
        max_listed=settings.max_listed,
        max_body=settings.max_body,
    )


@asynccontextmanager
async def _listening(
    settings: GatewaySettings, rest_application: RestApplication, bayeux: BayeuxServer
) -> AsyncIterator[None]:
    async with serving(
        rest_application,
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
    collector = BayeuxCollector(bayeux.protocol)
    registry.register(collector)
    try:
        yield
    finally:
        registry.unregister(collector)
