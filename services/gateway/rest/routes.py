"""The addresses of REST, and the resource method of each."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from services.gateway.rest.resources.attachments import AttachmentsResource
from services.gateway.rest.resources.channels import ChannelsResource
from services.gateway.rest.resources.contacts import ContactsResource
from services.gateway.rest.resources.context_services import ContextServicesResource
from services.gateway.rest.resources.directory import DirectoryResource
from services.gateway.rest.resources.downloads import DownloadsResource
from services.gateway.rest.resources.events import EventsResource
from services.gateway.rest.resources.interactions import InteractionsResource
from services.gateway.rest.resources.mail_pages import MailPagesResource
from services.gateway.rest.resources.mailboxes import MailboxesResource
from services.gateway.rest.resources.operations import OperationsResource
from services.gateway.rest.resources.preferences import PreferencesResource
from services.gateway.rest.resources.workbins import WorkbinsResource

_INTERACTION = "/me/interactions/{id}"
_HISTORY = "/ucs/interactions/{id}"
_CONTACT = "/ucs/contacts/{id}"
_ATTACHMENTS = f"{_INTERACTION}/attachments"
_ATTACHMENT = f"{_ATTACHMENTS}/{{attachment_id}}"


class ReservedRoute(Route):
    """A route that also claims its path for the methods that it does not serve.

    Without it, those would reach the route of an interaction with that id.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path with every method."""
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), child


class RestRouter(Router):
    """A router whose 405 names all methods of a path in Allow (RFC 9110 section 15.5.6)."""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            HTTPException: There is no such address, or it has no such method.
        """
        try:
            await super().app(scope, receive, send)
        except HTTPException as error:
            if error.status_code != 405:  # noqa: PLR2004 - RFC 9110
                raise
            allowed = ", ".join([*self._methods(scope), "OPTIONS"])
            raise HTTPException(405, headers={"Allow": allowed}) from error

    def _methods(self, scope: Scope) -> list[str]:
        found: set[str] = set()
        for route in self.routes:
            if route.matches(scope)[0] is not Match.NONE and isinstance(route, Route):
                found |= route.methods or set()
                if isinstance(route, ReservedRoute):
                    break
        return sorted(found)


@dataclass(frozen=True, slots=True)
class RestResources:
    """The resources that REST serves."""

    channels: ChannelsResource
    preferences: PreferencesResource
    interactions: InteractionsResource
    events: EventsResource
    operations: OperationsResource
    workbins: WorkbinsResource
    downloads: DownloadsResource
    directory: DirectoryResource
    context_services: ContextServicesResource
    mail_pages: MailPagesResource
    attachments: AttachmentsResource
    mailboxes: MailboxesResource
    contacts: ContactsResource


def rest_router(parts: RestResources) -> RestRouter:
    """Return a router of all resources, by paths without the prefix."""
    return RestRouter(
        [
            # The first that matches is taken, so those that are asked for most come first.
            ReservedRoute("/me/interactions/events", parts.events.missed),
            ReservedRoute("/me/interactions/search", parts.interactions.found),
            Route(_INTERACTION, parts.operations.operate, methods=["POST"]),
            Route(_INTERACTION, parts.interactions.one_of_mine),
            Route(_INTERACTION, parts.operations.update, methods=["PUT"]),
            Route("/interactions/{id}", parts.interactions.one),
            Route("/me/interactions", parts.interactions.mine),
            Route("/me/interactions", parts.operations.create, methods=["POST"]),
            Route("/me", parts.channels.me),
            Route("/me", parts.channels.change_session, methods=["POST"]),
            Route("/me/preferences", parts.preferences.read),
            Route("/me/preferences", parts.preferences.write, methods=["PUT"]),
            Route("/me/senders", parts.channels.senders),
            Route("/me/sessions", parts.channels.end_sessions, methods=["DELETE"]),
            Route("/me/channels", parts.channels.my_channels),
            Route("/me/channels/{channel}", parts.channels.my_channel),
            Route("/me/channels/{channel}", parts.channels.change_channel, methods=["POST"]),
            Route("/settings/agent-states", parts.channels.states),
            Route(_ATTACHMENTS, parts.attachments.upload, methods=["POST"]),
            Route(_ATTACHMENT, parts.downloads.download),
            Route(_ATTACHMENT, parts.attachments.remove, methods=["DELETE"]),
            Route("/interactions", parts.interactions.all),
            Route("/users", parts.directory.users),
            Route("/users/{id}", parts.directory.one_user),
            Route("/queues", parts.directory.queues),
            Route("/queues/{id}", parts.directory.one_queue),
            Route("/skills", parts.directory.skills),
            Route("/skills/{id}", parts.directory.one_skill),
            Route("/contacts", parts.directory.contacts),
            Route("/mailboxes", parts.mailboxes.all),
            Route("/mailboxes/{address}", parts.mailboxes.one),
            Route("/mailboxes/{address}", parts.mailboxes.operate, methods=["POST"]),
            Route("/ucs/contacts", parts.contacts.found),
            Route(_CONTACT, parts.contacts.one),
            Route(_CONTACT, parts.contacts.change, methods=["PUT"]),
            Route(_CONTACT, parts.contacts.operate, methods=["POST"]),
            Route(f"{_CONTACT}/interactions", parts.contacts.mails),
            Route("/ucs/threads/{id}", parts.context_services.thread),
            Route("/ucs/discarded", parts.context_services.discarded),
            Route(_HISTORY, parts.context_services.one),
            Route(_HISTORY, parts.operations.disown_report, methods=["POST"]),
            Route(f"{_HISTORY}/structured_text", parts.mail_pages.structured_text),
            Route(f"{_HISTORY}/view", parts.mail_pages.view),
            Route(f"{_HISTORY}/binary_content", parts.context_services.binary_content),
            Route("/interactions/{id}", parts.operations.update, methods=["PUT"]),
            Route("/me/workbins", parts.workbins.mine),
            Route("/me/workbins", parts.workbins.operate, methods=["POST"]),
            # Workbin ids of 8.5.1 are base64, which may contain slashes.
            Route("/me/workbins/{workbin:path}", parts.workbins.one),
            Route("/me/workbins/{workbin:path}", parts.workbins.operate, methods=["POST"]),
        ],
        redirect_slashes=False,
    )
