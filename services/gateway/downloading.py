"""The bytes of an attachment: streamed, and nothing that a browser would run."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.disposition import attachment_disposition
from services.gateway.errors import RequestError, Situation, unavailable
from services.gateway.requests import Callers
from shared.domain.interaction import Attachment, Interaction
from shared.storage.documents import DocumentStore, StoredDocument
from shared.storage.interactions import InteractionStore
from shared.storage.vault import Vault

_LOOKS_AGAIN: Final = 0.1
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_HARMLESS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
)


class Downloading:
    """The resource /me/interactions/{id}/attachments/{attachmentId}."""

    def __init__(
        self,
        *,
        callers: Callers,
        interactions: InteractionStore,
        documents: DocumentStore,
        vault: Vault,
        patience: timedelta,
    ) -> None:
        self._callers = callers
        self._interactions = interactions
        self._documents = documents
        self._vault = vault
        self._patience = patience

    async def download(self, request: Request) -> Response:
        """GET: all bytes, as they were mailed."""
        agent = await self._callers.agent(request)
        interaction = await self._interactions.get(request.path_params["id"], with_text=False)
        listed = _listed(interaction, agent.id, request.path_params["attachment_id"])
        document = await self._stored(listed, interaction)
        pieces = self._vault.open(document.content)
        # The first piece is there before the status is sent: what fails now has a real answer.
        first = await anext(pieces, b"")
        headers = {
            **_HARMLESS,
            "Content-Type": _media_type(listed),
            "Content-Disposition": attachment_disposition(listed.name),
            "Content-Length": str(document.content.size),
        }
        return StreamingResponse(_from(first, pieces), headers=headers)

    async def _stored(self, listed: Attachment, interaction: Interaction) -> StoredDocument:
        """Return where the bytes are; a mail is announced before its parts are extracted."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience.total_seconds()
        while True:
            document = await self._documents.get(listed.id)
            if document is not None:
                return _belonging(document, interaction)
            if loop.time() >= end:
                raise unavailable("the attachment is not stored yet: try again")
            await asyncio.sleep(_LOOKS_AGAIN)


def _listed(interaction: Interaction, agent_id: str, document_id: str) -> Attachment:
    """Return an attachment of an interaction that the agent holds; to others there is none."""
    if interaction.holder_id == agent_id:
        for attachment in interaction.mail.attachments:
            if attachment.id == document_id:
                return attachment
    raise _unknown()


def _belonging(document: StoredDocument, interaction: Interaction) -> StoredDocument:
    if document.interaction_id != interaction.id:
        raise _unknown()
    return document


def _unknown() -> RequestError:
    return RequestError(Situation.NOT_FOUND, "there is no such attachment")


def _media_type(attachment: Attachment) -> str:
    found = _MEDIA_TYPE.match(attachment.media_type)
    return found[0] if found else "application/octet-stream"


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
