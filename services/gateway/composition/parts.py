"""The parts of the gateway that REST, CometD and the feed of events share."""

from dataclasses import dataclass

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.auth.authenticator import RequestAuthenticator
from services.gateway.auth.passwords.password_checker import PasswordChecker
from services.gateway.auth.sessions.cookie_sessions import CookieSessions
from services.gateway.cluster.day_key_store import DayKeyStore
from services.gateway.commands.command_sender import CommandSender
from services.gateway.commands.promised_interactions import PromisedIds
from services.gateway.composition.logins import (
    cookie_sessions,
    request_authenticator,
)
from services.gateway.http.api_root import api_root
from services.gateway.http.body_pace import PaceLimits
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.dialects import Dialects
from services.gateway.notifications.event_feed import EventFeed
from services.gateway.notifications.journal.journal_reader import JournalReader
from services.gateway.notifications.mailbox_news import MailboxNews
from services.gateway.notifications.message_builder import MessageBuilder
from services.gateway.notifications.workbin_messages import WorkbinMessageBuilder
from services.gateway.operations.registry import NAMES_OF_COMMANDS
from services.gateway.rest.attachment_links import AttachmentLinks
from services.gateway.rest.callers import Callers
from services.gateway.rest.resources.downloads import DownloadsResource
from services.gateway.rest.uploads.form_files import FormBodies
from services.gateway.settings import GatewaySettings
from services.gateway.wire.refusals import RefusalTexts
from shared.runtime.resources import Resources
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.files.document_store import DocumentStore
from shared.storage.journal import Journal
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.mails.report_store import ReportStore


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """The parts of this pod; each exists once."""

    settings: GatewaySettings
    resources: Resources
    agent_logins: AgentLoginStore
    agent_cache: AgentCache
    sessions: CookieSessions
    authenticator: RequestAuthenticator
    callers: Callers
    journal_reader: JournalReader
    event_feed: EventFeed
    mailbox_news: MailboxNews
    promised_ids: PromisedIds
    command_sender: CommandSender
    downloads: DownloadsResource

    @property
    def queries(self) -> InteractionQueries:
        """The queries about interactions."""
        return InteractionQueries(self.resources.database)

    @property
    def always_200(self) -> bool:
        """Whether failures are answered with status 200, as older servers did."""
        return self.settings.http_errors == "always-200"


def gateway_parts(
    settings: GatewaySettings, resources: Resources, passwords: PasswordChecker
) -> GatewayParts:
    """Return the parts; none of them does anything yet."""
    agent_logins = AgentLoginStore(resources.database)
    agent_cache = AgentCache(resources.agents, agent_logins, resources.clock)
    refusal_texts = RefusalTexts(NAMES_OF_COMMANDS)
    message_builder = MessageBuilder(
        resources.interactions,
        resources.configuration,
        resources.deliveries,
        ReportStore(resources.database),
        refusal_texts,
        root=api_root(settings.public_url),
    )
    journal_reader = _journal_reader(settings, resources, agent_cache, message_builder)
    presence = PresenceStore(resources.database, resources.clock)
    mailbox_news = _mailbox_news(resources, agent_cache, api_root(settings.public_url))
    event_feed = EventFeed(
        settings.rabbitmq_url,
        journal_reader=journal_reader,
        dialects=Dialects(nested=settings.nested_interaction),
        queries=InteractionQueries(resources.database),
        presence=presence,
        mailbox_news=mailbox_news,
    )
    day_keys = DayKeyStore(resources.database, resources.clock)
    promised_ids = PromisedIds(day_keys, resources.database, resources.clock)
    sessions = cookie_sessions(settings, resources, agent_cache)
    authenticator = request_authenticator(settings, resources, agent_cache, sessions, passwords)
    callers = Callers(authenticator, public_url=settings.public_url)
    return GatewayParts(
        settings=settings,
        resources=resources,
        agent_logins=agent_logins,
        agent_cache=agent_cache,
        sessions=sessions,
        authenticator=authenticator,
        callers=callers,
        journal_reader=journal_reader,
        event_feed=event_feed,
        mailbox_news=mailbox_news,
        promised_ids=promised_ids,
        command_sender=CommandSender(
            publisher=resources.publisher,
            promised_ids=promised_ids,
            presence=presence,
            outcomes=event_feed,
            build_message=message_builder.build,
            refusal_texts=refusal_texts,
            clock=resources.clock,
        ),
        downloads=_downloads(settings, resources, callers),
    )


def _mailbox_news(resources: Resources, agent_cache: AgentCache, root: str) -> MailboxNews:
    return MailboxNews(
        MailboxStore(resources.database),
        resources.configuration,
        agent_cache,
        resources.clock,
        root=root,
    )


def _downloads(
    settings: GatewaySettings, resources: Resources, callers: Callers
) -> DownloadsResource:
    return DownloadsResource(
        callers=callers,
        interactions=resources.interactions,
        documents=DocumentStore(resources.database, resources.clock),
        vault=resources.vault,
        links=attachment_links(resources),
        patience=settings.document_patience,
    )


def attachment_links(resources: Resources) -> AttachmentLinks:
    """Return the signed addresses of pictures in mails."""
    return AttachmentLinks(DayKeyStore(resources.database, resources.clock), resources.clock)


def form_bodies(settings: GatewaySettings, resources: Resources) -> FormBodies:
    """Return the reader of uploaded forms, with its limits of pace."""
    return FormBodies(resources.configuration, body_pace(settings))


def body_pace(settings: GatewaySettings) -> PaceLimits:
    """Return the limits of time for the bodies of requests."""
    return PaceLimits(settings.upload_stall, settings.upload_slowest)


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
