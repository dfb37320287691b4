"""Extracts the attachments of an arrived mail and stores each content once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog
from prometheus_client import Counter

from shared.contracts.commands import ExtractDocuments
from shared.contracts.envelope import Cause
from shared.domain.interaction import Attachment, Interaction
from shared.mail.parsing.files import file_contents
from shared.mail.warnings import INFECTED
from shared.scanning.clamd import find_virus, one_piece
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.mails.arrival_store import Arrival, ArrivalStore

log = structlog.get_logger()

SCANNED: Final = Counter(
    "mailroom_attachments_scanned_total", "Attachments that the virus scanner judged", ["verdict"]
)
_WHOLE_MAIL: Final = "message/rfc822"


class Extraction:
    """Stores the documents that an interaction lists, from the raw octets of its arrival."""

    def __init__(
        self,
        *,
        arrivals: ArrivalStore,
        interactions: InteractionStore,
        documents: DocumentStore,
        vault: Vault,
        configuration: ConfigurationStore,
    ) -> None:
        self._configuration = configuration
        self._arrivals = arrivals
        self._interactions = interactions
        self._documents = documents
        self._vault = vault

    async def extract(self, command: ExtractDocuments, cause: Cause) -> None:
        """Store every attachment of the interaction. A repetition changes nothing.

        Raises:
            ScannerAwayError: The virus scanner does not answer; nothing is stored.
        """
        interaction = await self._interactions.get(command.interaction_id, with_text=False)
        arrival = await self._arrivals.get(command.arrival_id)
        contents = await asyncio.to_thread(contents_of, arrival, interaction.mail.attachments)
        pairs = list(zip(interaction.mail.attachments, contents, strict=True))
        held = await self._scan(pairs)
        # Contents first: a document never refers to octets that are not there.
        stored = [(attachment, await self._vault.put(content)) for attachment, content in pairs]
        await self._documents.add(interaction.id, stored, held)
        if held:
            await self._say_infected(interaction.id, cause)

    async def _scan(self, files: Sequence[tuple[Attachment, bytes]]) -> dict[str, str]:
        """Return why files are held, by their ids; nothing without a scanner."""
        scanner = (await self._configuration.current()).virus_scanner
        if scanner is None:
            return {}
        found: dict[str, str] = {}
        for attachment, content in files:
            reason = await find_virus(scanner.host, scanner.port, one_piece(content))
            SCANNED.labels("held" if reason else "clean").inc()
            if reason:
                found[attachment.id] = reason
                log.warning("attachment held", attachment_id=attachment.id, reason=reason)
        return found

    async def _say_infected(self, interaction_id: str, cause: Cause) -> None:
        def decide(before: Interaction) -> Change:
            warnings = tuple(sorted({*before.mail.warnings, INFECTED}))
            mail = replace(before.mail, warnings=warnings)
            return Change(replace(before, mail=mail, version=before.version + 1), [])

        await self._interactions.change(interaction_id, cause, decide)


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
