"""Streams attachments, with headers that keep a browser from running them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.auth.permissions import ReadScope, refusal_of
from services.gateway.errors import RequestError, Situation, unavailable
from services.gateway.http.byte_ranges import Span, requested_span
from services.gateway.http.content_disposition import content_disposition
from services.gateway.http.preconditions import is_known
from services.gateway.rest.attachment_links import AttachmentLinks
from services.gateway.rest.callers import Callers
from services.gateway.rest.uploads.media_types import HEAD_SIZE, displayable_type, download_type
from shared.domain.interaction import Interaction
from shared.mail.draft_attachments import has_attachment
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.files.document_store import DocumentStore, StoredDocument
from shared.storage.files.vault import ContentRef, Vault
from shared.storage.interactions.interaction_store import InteractionStore

_POLL_INTERVAL: Final = 0.1
"""Seconds between two reads of a document that is not stored yet."""

_SAFE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
)


class DownloadsResource:
    """The resource /me/interactions/{id}/attachments/{attachmentId}."""

    def __init__(
        self,
        *,
        callers: Callers,
        interactions: InteractionStore,
        documents: DocumentStore,
        vault: Vault,
        links: AttachmentLinks,
        patience: timedelta,
    ) -> None:
        self._callers = callers
        self._interactions = interactions
        self._documents = documents
        self._vault = vault
        self._links = links
        self._patience = patience

    async def download(self, request: Request) -> Response:
        """GET: the whole document, one range of it, or 304.

        With `disposition=inline` an image is served for display, if its first bytes prove its type.
        """
        agent = await self._callers.agent(request)
        interaction = await self._interactions.get(request.path_params["id"], with_text=False)
        require_reader(interaction, agent)
        document = await self._find_document(interaction, request.path_params["attachment_id"])
        is_inline = request.query_params.get("disposition") == "inline"
        return await self._answer(request, document, is_inline=is_inline)

    async def download_linked(
        self, request: Request, interaction_id: str, attachment_id: str
    ) -> Response:
        """GET with `key`: the same for whoever has the signed address; images are for display."""
        key = request.query_params["key"]
        if not await self._links.is_valid(key, interaction_id, attachment_id):
            raise RequestError(
                Situation.NOT_PERMITTED, "this address is no longer valid: open the mail again"
            )
        interaction = await self._interactions.get(interaction_id, with_text=False)
        document = await self._find_document(interaction, attachment_id)
        return await self._answer(request, document, is_inline=True)

    async def _answer(
        self, request: Request, document: StoredDocument, *, is_inline: bool
    ) -> Response:
        if document.held:
            raise RequestError(Situation.NOT_PERMITTED, f"the attachment is held: {document.held}")
        tag = f'"{document.content.sha256}"'
        headers = {**_SAFE_HEADERS, "ETag": tag, "Accept-Ranges": "bytes"}
        if is_known(request.headers.getlist("if-none-match"), tag):
            return Response(status_code=304, headers=headers)
        span = requested_span(request.headers, tag, document.content.size)
        headers |= await self._content_headers(document, is_inline=is_inline)
        if request.method == "HEAD":
            return Response(headers=headers | {"Content-Length": str(document.content.size)})
        return await self._stream(document.content, span, headers)

    async def _content_headers(
        self, document: StoredDocument, *, is_inline: bool
    ) -> dict[str, str]:
        kind = displayable_type(await self._head(document.content)) if is_inline else ""
        return {
            "Content-Type": kind or download_type(document.media_type),
            "Content-Disposition": content_disposition(
                document.name, "inline" if kind else "attachment"
            ),
        }

    async def _head(self, content: ContentRef) -> bytes:
        last = min(HEAD_SIZE, content.size) - 1
        if last < 0:
            return b""
        return b"".join([piece async for piece in self._vault.section(content, 0, last)])

    async def _stream(
        self, content: ContentRef, span: Span | None, headers: dict[str, str]
    ) -> Response:
        if span is None:
            pieces, size, status = self._vault.open(content), content.size, 200
        else:
            pieces, size, status = (
                self._vault.section(content, span.first, span.last),
                span.size,
                206,
            )
            headers |= {"Content-Range": f"bytes {span.first}-{span.last}/{content.size}"}
        # The first piece is read before the status is sent: a failure still gets its own answer.
        first = await anext(pieces, b"")
        headers |= {"Content-Length": str(size)}
        return StreamingResponse(_from(first, pieces), status, headers=headers)

    async def _find_document(self, interaction: Interaction, document_id: str) -> StoredDocument:
        """Return a document; wait for it, as mails are announced before their parts are stored."""
        listed = has_attachment(interaction.mail, document_id)
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience.total_seconds()
        while True:
            document = await self._documents.get(document_id)
            if document is not None:
                return _require_part_of(document, interaction)
            if not listed:
                raise _not_found()
            if loop.time() >= end:
                raise unavailable("the attachment is not stored yet: try again")
            await asyncio.sleep(_POLL_INTERVAL)


def require_reader(interaction: Interaction, agent: StoredAgent) -> None:
    """Check that an agent may read the attachments of an interaction.

    Raises:
        RequestError: They may not (404, as if there were none).
    """
    if refusal_of(ReadScope.ATTACHMENT, agent, interaction):
        raise _not_found()


def _require_part_of(document: StoredDocument, interaction: Interaction) -> StoredDocument:
    if document.interaction_id != interaction.id or document.withdrawn:
        raise _not_found()
    return document


def _not_found() -> RequestError:
    return RequestError(Situation.NOT_FOUND, "there is no such attachment")


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
