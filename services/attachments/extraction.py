"""Extracts the attachments of an arrived mail and stores each content once."""

import asyncio

from shared.contracts.commands import ExtractDocuments
from shared.domain.interaction import Attachment
from shared.mail.parsing.files import file_contents
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.arrival_store import Arrival, ArrivalStore

_WHOLE_MAIL = "message/rfc822"


class Extraction:
    """Stores the documents that an interaction lists, from the raw octets of its arrival."""

    def __init__(
        self,
        *,
        arrivals: ArrivalStore,
        interactions: InteractionStore,
        documents: DocumentStore,
        vault: Vault,
    ) -> None:
        self._arrivals = arrivals
        self._interactions = interactions
        self._documents = documents
        self._vault = vault

    async def extract(self, command: ExtractDocuments) -> None:
        """Store every attachment of the interaction. A repetition changes nothing."""
        interaction = await self._interactions.get(command.interaction_id, with_text=False)
        arrival = await self._arrivals.get(command.arrival_id)
        contents = await asyncio.to_thread(contents_of, arrival, interaction.mail.attachments)
        stored = [
            (attachment, await self._vault.put(content))
            for attachment, content in zip(interaction.mail.attachments, contents, strict=True)
        ]
        await self._documents.add(interaction.id, stored)


def contents_of(arrival: Arrival, attachments: tuple[Attachment, ...]) -> list[bytes]:
    """Return the octets of the attachments, in their order.

    A mail that could not be parsed or shown in full has its raw octets as its last attachment.
    """
    *parts, last = attachments
    if is_whole_mail(arrival, last):
        return [*(file_contents(arrival.raw) if parts else ()), arrival.raw]
    return list(file_contents(arrival.raw))


def is_whole_mail(arrival: Arrival, attachment: Attachment) -> bool:
    """Say whether an attachment is the mail as it arrived."""
    return attachment.media_type == _WHOLE_MAIL and attachment.size == len(arrival.raw)
