"""Renders a submitted mail with its files and orders its delivery.

A mail with files is streamed into the vault and never whole in memory.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.composition.rendering.attachment_parts import base64_lines
from services.composition.rendering.headers import wire_address
from services.composition.rendering.renderer import Piece, layout, recipients_of, render
from shared.contracts.envelope import Cause
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.errors import (
    OperationNotAllowedError,
    Refused,
    Unavailable,
    UnknownInteractionError,
)
from shared.domain.interaction import Attachment, Email, Interaction
from shared.mail.content_ids import is_content_id, referred_ids
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import ContentRef, Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery


@dataclass(frozen=True, slots=True)
class PlacedAttachments:
    """The files of a mail: attached beside its text, and shown inside its HTML."""

    attached: tuple[Attachment, ...]
    shown: tuple[Attachment, ...]


class Submission:
    """Freezes the final octets of submitted mails, and orders or cancels their delivery."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        deliveries: DeliveryStore,
        documents: DocumentStore,
        vault: Vault,
    ) -> None:
        self._interactions = interactions
        self._deliveries = deliveries
        self._documents = documents
        self._vault = vault

    async def order_delivery(self, submitted: Interaction, cause: Cause) -> None:
        """Order the delivery of a submitted mail. A repetition changes nothing.

        Raises:
            Unavailable: The bytes of a file are not stored yet.
        """
        mail = submitted.mail
        if mail.sender is None or mail.sent_at is None:
            raise TypeError(f"interaction {submitted.id} was submitted without sender or date")
        await self._deliveries.add(
            new_delivery(
                interaction_id=submitted.id,
                agent_id=submitted.owner_id or "",
                message_id=mail.message_id,
                sender=wire_address(mail.sender.address),
                recipients=recipients_of(mail),
                now=mail.sent_at,
            ),
            await self.freeze(submitted, mail.sent_at),
            cause,
        )

    async def cancel_delivery(self, before: Interaction, expected_version: int | None) -> None:
        """Cancel the delivery of a mail that waits for an attempt. A repetition changes nothing.

        Raises:
            OperationNotAllowedError: The mail is being sent now, or has been sent.
            ChangedMeanwhileError: The interaction has another version than expected.
        """
        delivery = await self._deliveries.get(before.id)
        if delivery is None or delivery.state is not DeliveryState.CANCELED:
            before.require_version(expected_version)
        if delivery is None or not await self._deliveries.cancel(before.id):
            raise OperationNotAllowedError(
                f"the mail of interaction {before.id} is being handed to a mail server now"
            )

    async def freeze(self, submitted: Interaction, sent_at: datetime) -> bytes | ContentRef:
        """Return the octets of a mail without files; store those of any other in the vault.

        Raises:
            UnsendableMailError: A header cannot be written.
            Unavailable: The bytes of a file are not stored yet.
        """
        files = place_attachments(submitted.mail, await self._quoted_images(submitted))
        if not files.attached and not files.shown:
            return render(submitted.mail, sent_at)
        contents = await self._contents((*files.attached, *files.shown))
        pieces = layout(submitted.mail, sent_at, attached=files.attached, shown=files.shown)
        return await self._vault.put_stream(self._octets(pieces, contents))

    async def _quoted_images(self, submitted: Interaction) -> tuple[Attachment, ...]:
        """Return the files of the answered mail, if the HTML of the answer refers to any file."""
        if submitted.parent_id is None or not referred_ids(submitted.mail.html):
            return ()
        try:
            parent = await self._interactions.get(submitted.parent_id, with_text=False)
        except UnknownInteractionError:
            return ()
        held = await self._documents.held(parent.id)
        return tuple(one for one in parent.mail.attachments if one.id not in held)

    async def _contents(self, files: Sequence[Attachment]) -> Mapping[str, ContentRef]:
        contents = {}
        for file in files:
            document = await self._documents.get(file.id)
            if document is None:
                raise Unavailable("a file of the mail is not stored yet")
            contents[file.id] = document.content
        return contents

    async def _octets(
        self, pieces: Sequence[Piece], contents: Mapping[str, ContentRef]
    ) -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                async for lines in base64_lines(self._vault.open(contents[piece.id])):
                    yield lines


def require_none_held(files: Sequence[Attachment], held: Mapping[str, str]) -> None:
    """Check that the virus scanner holds none of the files; `held` has the reasons by their ids.

    Raises:
        Refused: It holds one.
    """
    for one in files:
        if one.id in held:
            raise Refused(f"{one.name} may not be sent ({held[one.id]}): send the mail without it")


def place_attachments(mail: Email, original: Sequence[Attachment]) -> PlacedAttachments:
    """Return which files are attached and which are shown in the HTML.

    The HTML refers to files by Content-ID: files of the mail first, then of the quoted original.
    """
    wanted = referred_ids(mail.html) if mail.html else frozenset()
    shown: dict[str, Attachment] = {}
    for one in (*mail.attachments, *original):
        if one.content_id in wanted and is_content_id(one.content_id):
            shown.setdefault(one.content_id, one)
    ids = {one.id for one in shown.values()}
    attached = tuple(one for one in mail.attachments if one.id not in ids)
    return PlacedAttachments(attached, tuple(shown.values()))
