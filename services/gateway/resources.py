"""Which address of REST is what."""

from starlette.routing import Route, Router

from services.gateway.directory import Directory
from services.gateway.downloading import Downloading
from services.gateway.history import History
from services.gateway.lists import Reading
from services.gateway.operating import Operating
from services.gateway.presence import Presence
from services.gateway.shelves import Shelves

_INTERACTION = "/me/interactions/{id}"
_HISTORY = "/ucs/interactions/{id}"


def rest_router(
    *,
    presence: Presence,
    reading: Reading,
    operating: Operating,
    shelves: Shelves,
    downloading: Downloading,
    directory: Directory,
    history: History,
) -> Router:
    """Return all resources, under their addresses without prefix."""
    return Router(
        [
            Route("/me", presence.me),
            Route("/me", presence.change_session, methods=["POST"]),
            Route("/me/channels", presence.my_channels),
            Route("/me/channels/{channel}", presence.my_channel),
            Route("/me/channels/{channel}", presence.change_channel, methods=["POST"]),
            Route("/settings/agent-states", presence.states),
            Route("/me/interactions", reading.mine),
            Route("/me/interactions", operating.create, methods=["POST"]),
            Route(_INTERACTION, reading.one_of_mine),
            Route(_INTERACTION, operating.operate, methods=["POST"]),
            Route(_INTERACTION, operating.update, methods=["PUT"]),
            Route(f"{_INTERACTION}/attachments/{{attachment_id}}", downloading.download),
            Route("/interactions", reading.all),
            Route("/interactions/{id}", reading.one),
            Route("/users", directory.users),
            Route("/users/{id}", directory.one_user),
            Route("/queues", directory.queues),
            Route("/queues/{id}", directory.one_queue),
            Route("/skills", directory.skills),
            Route("/contacts", directory.contacts),
            Route(_HISTORY, history.one),
            Route(f"{_HISTORY}/structured_text", history.structured_text),
            Route(f"{_HISTORY}/binary_content", history.binary_content),
            Route("/interactions/{id}", operating.update, methods=["PUT"]),
            Route("/me/workbins", shelves.mine),
            Route("/me/workbins", shelves.operate, methods=["POST"]),
            # Ids of 8.5.1 are base64, in which there may be slashes.
            Route("/me/workbins/{workbin:path}", shelves.one),
            Route("/me/workbins/{workbin:path}", shelves.operate, methods=["POST"]),
        ],
        redirect_slashes=False,
    )
