"""Which address of REST is what."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from services.gateway.rest.resources.attachments import Uploading
from services.gateway.rest.resources.channels import Presence
from services.gateway.rest.resources.context_services import History
from services.gateway.rest.resources.directory import Directory
from services.gateway.rest.resources.downloads import Downloading
from services.gateway.rest.resources.interactions import Reading
from services.gateway.rest.resources.operations import Operating
from services.gateway.rest.resources.workbins import Shelves

_INTERACTION = "/me/interactions/{id}"
_HISTORY = "/ucs/interactions/{id}"
_ATTACHMENTS = f"{_INTERACTION}/attachments"
_ATTACHMENT = f"{_ATTACHMENTS}/{{attachment_id}}"


class Reserved(Route):
    """An address that is no interaction's, whatever the method: what it has not is refused."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Claim the address for every method."""
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), child


class RestRouter(Router):
    """A router that names all methods of an address to who uses another one (RFC 9110 15.5.6)."""

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
                if isinstance(route, Reserved):
                    break
        return sorted(found)


@dataclass(frozen=True, slots=True)
class RestResources:
    """Everything that REST serves, part by part."""

    presence: Presence
    reading: Reading
    operating: Operating
    shelves: Shelves
    downloading: Downloading
    directory: Directory
    history: History
    uploading: Uploading


def rest_router(parts: RestResources) -> RestRouter:
    """Return all resources, under their addresses without prefix."""
    return RestRouter(
        [
            Route("/me", parts.presence.me),
            Route("/me", parts.presence.change_session, methods=["POST"]),
            Route("/me/sessions", parts.presence.end_sessions, methods=["DELETE"]),
            Route("/me/channels", parts.presence.my_channels),
            Route("/me/channels/{channel}", parts.presence.my_channel),
            Route("/me/channels/{channel}", parts.presence.change_channel, methods=["POST"]),
            Route("/settings/agent-states", parts.presence.states),
            Route("/me/interactions", parts.reading.mine),
            Route("/me/interactions", parts.operating.create, methods=["POST"]),
            Reserved("/me/interactions/events", parts.reading.missed),
            Route(_INTERACTION, parts.reading.one_of_mine),
            Route(_INTERACTION, parts.operating.operate, methods=["POST"]),
            Route(_INTERACTION, parts.operating.update, methods=["PUT"]),
            Route(_ATTACHMENTS, parts.uploading.upload, methods=["POST"]),
            Route(_ATTACHMENT, parts.downloading.download),
            Route(_ATTACHMENT, parts.uploading.remove, methods=["DELETE"]),
            Route("/interactions", parts.reading.all),
            Route("/interactions/{id}", parts.reading.one),
            Route("/users", parts.directory.users),
            Route("/users/{id}", parts.directory.one_user),
            Route("/queues", parts.directory.queues),
            Route("/queues/{id}", parts.directory.one_queue),
            Route("/skills", parts.directory.skills),
            Route("/skills/{id}", parts.directory.one_skill),
            Route("/contacts", parts.directory.contacts),
            Route(_HISTORY, parts.history.one),
            Route(f"{_HISTORY}/structured_text", parts.history.structured_text),
            Route(f"{_HISTORY}/binary_content", parts.history.binary_content),
            Route("/interactions/{id}", parts.operating.update, methods=["PUT"]),
            Route("/me/workbins", parts.shelves.mine),
            Route("/me/workbins", parts.shelves.operate, methods=["POST"]),
            # Ids of 8.5.1 are base64, in which there may be slashes.
            Route("/me/workbins/{workbin:path}", parts.shelves.one),
            Route("/me/workbins/{workbin:path}", parts.shelves.operate, methods=["POST"]),
        ],
        redirect_slashes=False,
    )
