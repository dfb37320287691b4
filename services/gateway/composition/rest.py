"""Composes the REST resources from their parts."""

from starlette.routing import Router

from services.gateway.commands.command_sender import CommandSender
from services.gateway.commands.operation_order import OperationOrder
from services.gateway.commands.promised_interactions import (
    PromisedInteractions,
    PromisedInteractionStore,
)
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.notifications.journal.journal_reader import JournalReader
from services.gateway.rest.attachment_links import AttachmentLinks
from services.gateway.rest.callers import Callers
from services.gateway.rest.history_readers import HistoryReaders
from services.gateway.rest.idempotency_store import IdempotencyStore
from services.gateway.rest.link_key_store import LinkKeyStore
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
from services.gateway.rest.uploads.drop_slots import SlotLimits
from services.gateway.rest.uploads.form_files import FormBodies, PaceLimits
from services.gateway.settings import GatewaySettings
from shared.intake.mail_intake import IntakeRules, MailIntake
from shared.intake.transfer_pace import LATER_FACTOR
from shared.runtime.resources import Resources
from shared.storage.contacts.contact_editor import ContactEditor
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.mails.report_store import ReportStore
from shared.storage.turn_store import TurnStore
from shared.storage.upload_store import UploadStore


def form_bodies(settings: GatewaySettings, resources: Resources) -> FormBodies:
    """Return the reader of uploaded forms, with its limits of pace."""
    limits = PaceLimits(settings.upload_stall, settings.upload_slowest)
    return FormBodies(resources.configuration, limits)


def drop_resource(settings: GatewaySettings, resources: Resources) -> DropResource:
    """Return the resource at which programs hand in mail."""
    rules = IntakeRules(settings.largest_mail, host_name=settings.mail_host_name)
    return DropResource(
        intake=MailIntake(resources.arrivals, resources.configuration, rules, resources.clock),
        configuration=resources.configuration,
        answers=IdempotencyStore(resources.database),
        limits=DropLimits(
            settings.largest_mail,
            slots=SlotLimits(
                settings.drops_at_once,
                settings.drops_at_once_per_token,
                slowest=LATER_FACTOR * settings.upload_slowest,
            ),
            per_minute=settings.drops_per_token,
            pace=PaceLimits(settings.upload_stall, settings.upload_slowest),
        ),
        clock=resources.clock,
    )


def attachment_links(resources: Resources) -> AttachmentLinks:
    """Return the signed addresses of pictures in mails."""
    return AttachmentLinks(LinkKeyStore(resources.database), resources.clock)


def rest_resources_router(
    settings: GatewaySettings,
    resources: Resources,
    callers: Callers,
    command_sender: CommandSender,
    journal_reader: JournalReader,
    promised_interactions: PromisedInteractionStore,
    downloads: DownloadsResource,
) -> Router:
    """Return the router of all resources that need a login."""
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
        mail_pages=MailPagesResource(readers, attachment_links(resources)),
        attachments=AttachmentsResource(
            callers=callers,
            interactions=resources.interactions,
            uploads=UploadStore(resources.database, resources.clock),
            vault=resources.vault,
            configuration=resources.configuration,
            command_sender=command_sender,
            bodies=form_bodies(settings, resources),
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
