"""Composes the REST resources that need a login."""

from starlette.routing import Router

from services.gateway.commands.operation_executor import OperationExecutor
from services.gateway.commands.operation_order import OperationOrder
from services.gateway.commands.promised_interactions import (
    PromisedInteractions,
)
from services.gateway.composition.parts import GatewayParts, attachment_links, form_bodies
from services.gateway.rest.history_readers import HistoryReaders
from services.gateway.rest.preference_store import PreferenceStore
from services.gateway.rest.resources.attachments import AttachmentsResource
from services.gateway.rest.resources.channels import ChannelsResource
from services.gateway.rest.resources.contacts import ContactsResource
from services.gateway.rest.resources.context_services import ContextServicesResource
from services.gateway.rest.resources.directory import DirectoryResource
from services.gateway.rest.resources.events import EventsResource
from services.gateway.rest.resources.interactions import InteractionsResource
from services.gateway.rest.resources.mail_pages import MailPagesResource
from services.gateway.rest.resources.mailboxes import MailboxesResource
from services.gateway.rest.resources.operations import OperationsResource
from services.gateway.rest.resources.preferences import PreferencesResource
from services.gateway.rest.resources.workbins import WorkbinsResource
from services.gateway.rest.routes import RestResources, rest_router
from shared.storage.contacts.contact_editor import ContactEditor
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.discarded_mails import DiscardedMailStore
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.mails.report_store import ReportStore
from shared.storage.turn_store import TurnStore
from shared.storage.upload_store import UploadStore


def rest_resources_router(parts: GatewayParts) -> Router:
    """Return the router of all resources that need a login."""
    settings, resources, callers = parts.settings, parts.resources, parts.callers
    executor = _executor(parts)
    readers = HistoryReaders(
        callers=callers,
        queries=parts.queries,
        threads=ThreadStore(resources.database),
        shows_foreign_mail=settings.shows_foreign_mail,
    )
    return rest_router(
        RestResources(
            channels=ChannelsResource(
                callers=callers,
                agents=resources.agents,
                configuration=resources.configuration,
                max_body=settings.max_body,
            ),
            preferences=PreferencesResource(callers, PreferenceStore(resources.database)),
            interactions=_interactions(parts),
            events=EventsResource(callers, parts.journal_reader),
            operations=OperationsResource(
                callers=callers,
                interactions=resources.interactions,
                agents=resources.agents,
                configuration=resources.configuration,
                command_sender=parts.command_sender,
                executor=executor,
                max_body=settings.max_body,
            ),
            workbins=WorkbinsResource(
                callers=callers,
                queries=parts.queries,
                configuration=resources.configuration,
                executor=executor,
                max_body=settings.max_body,
            ),
            downloads=parts.downloads,
            directory=DirectoryResource(
                callers=callers,
                agents=resources.agents,
                configuration=resources.configuration,
                max_listed=settings.max_listed,
            ),
            context_services=_context_services(parts, readers),
            mail_pages=MailPagesResource(readers, attachment_links(resources)),
            attachments=_attachments(parts),
            mailboxes=_mailboxes(parts),
            contacts=_contacts(parts),
        )
    )


def _executor(parts: GatewayParts) -> OperationExecutor:
    settings, resources = parts.settings, parts.resources
    return OperationExecutor(
        promised=PromisedInteractions(
            resources.interactions, parts.promised_ids, settings.turn_patience
        ),
        deliveries=resources.deliveries,
        agents=resources.agents,
        configuration=resources.configuration,
        publisher=resources.publisher,
        command_sender=parts.command_sender,
        operation_order=OperationOrder(
            TurnStore(resources.database), resources.clock, settings.turn_patience
        ),
        clock=resources.clock,
        only_new_keys=settings.attach_only_new,
    )


def _interactions(parts: GatewayParts) -> InteractionsResource:
    settings, resources = parts.settings, parts.resources
    return InteractionsResource(
        callers=parts.callers,
        queries=parts.queries,
        journal_reader=parts.journal_reader,
        interactions=resources.interactions,
        deliveries=resources.deliveries,
        reports=ReportStore(resources.database),
        shows_foreign_mail=settings.shows_foreign_mail,
        admins_read_interactions=settings.admins_read_interactions,
        max_listed=settings.max_listed,
    )


def _context_services(parts: GatewayParts, readers: HistoryReaders) -> ContextServicesResource:
    resources = parts.resources
    return ContextServicesResource(
        callers=parts.callers,
        readers=readers,
        queries=parts.queries,
        arrivals=resources.arrivals,
        deliveries=resources.deliveries,
        threads=ThreadStore(resources.database),
        reports=ReportStore(resources.database),
        discarded_mails=DiscardedMailStore(resources.database),
        configuration=resources.configuration,
        max_listed=parts.settings.max_listed,
    )


def _attachments(parts: GatewayParts) -> AttachmentsResource:
    settings, resources = parts.settings, parts.resources
    return AttachmentsResource(
        callers=parts.callers,
        interactions=resources.interactions,
        uploads=UploadStore(resources.database, resources.clock),
        vault=resources.vault,
        configuration=resources.configuration,
        command_sender=parts.command_sender,
        bodies=form_bodies(settings, resources),
    )


def _mailboxes(parts: GatewayParts) -> MailboxesResource:
    settings, resources = parts.settings, parts.resources
    return MailboxesResource(
        callers=parts.callers,
        mailboxes=MailboxStore(resources.database),
        configuration=resources.configuration,
        clock=resources.clock,
        max_listed=settings.max_listed,
        max_body=settings.max_body,
    )


def _contacts(parts: GatewayParts) -> ContactsResource:
    settings, resources = parts.settings, parts.resources
    contacts = ContactStore(resources.database, resources.clock)
    return ContactsResource(
        callers=parts.callers,
        contacts=contacts,
        editor=ContactEditor(resources.database, contacts, resources.clock),
        max_listed=settings.max_listed,
        max_body=settings.max_body,
    )
