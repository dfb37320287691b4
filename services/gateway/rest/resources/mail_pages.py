"""The HTML of a mail: as it is stored, and as a page for a frame."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import RequestError, Situation
from services.gateway.rest.attachment_links import AttachmentLinks
from services.gateway.rest.history_readers import HistoryReaders
from services.gateway.wire.mail_page import inline_pictures, mail_page, page_policy
from shared.domain.interaction import Interaction

_FRAGMENT_POLICY: Final = (
    # Only `style` attributes that the filter has kept are in it.
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
)
_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cache-Control": "private, no-store",
        "Content-Type": "text/html; charset=utf-8",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
)


class MailPagesResource:
    """The resources structured_text and view below /ucs/interactions/{id}."""

    def __init__(self, readers: HistoryReaders, links: AttachmentLinks) -> None:
        self._readers = readers
        self._links = links

    async def structured_text(self, request: Request) -> Response:
        """GET …/structured_text: the cleaned HTML of a mail."""
        interaction = await self._readers.get_readable(request)
        if not interaction.mail.html:
            raise RequestError(Situation.NOT_FOUND, "this mail has no structured text")
        return _page(interaction.mail.html, _FRAGMENT_POLICY)

    async def view(self, request: Request) -> Response:
        """GET …/view: a mail as a page for a frame, with its inline pictures.

        With `remote=yes` it loads the pictures from outside too.
        """
        remote = request.query_params.get("remote", "no")
        if remote not in {"yes", "no"}:
            raise RequestError(Situation.VALUE_REFUSED, "remote has to be yes or no")
        shows_outside = remote == "yes"
        interaction = await self._readers.get_readable(request)
        addresses = await self._picture_addresses(interaction)
        page = mail_page(interaction.mail, addresses, shows_outside=shows_outside)
        return _page(page, page_policy(shows_outside=shows_outside))

    async def _picture_addresses(self, interaction: Interaction) -> Mapping[str, str]:
        """Return the signed addresses of the inline pictures, relative to the view."""
        pictures = inline_pictures(interaction.mail)
        if not pictures:
            return {}
        keys = await self._links.sign(interaction.id, {one.id for one in pictures.values()})
        place = f"../../../me/interactions/{interaction.id}/attachments"
        return {source: f"{place}/{one.id}?key={keys[one.id]}" for source, one in pictures.items()}


def _page(html: str, policy: str) -> Response:
    headers = {**_HEADERS, "Content-Security-Policy": policy}
    # Old mail may hold lone surrogates.
    return Response(html.encode(errors="replace"), headers=headers)
