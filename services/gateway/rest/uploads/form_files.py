"""Stores the files of a form in the vault while they arrive."""

from collections.abc import AsyncIterator
from typing import Final

from services.gateway.errors import RequestError, Situation, unavailable
from services.gateway.http.asgi import AbortedError, Receive
from services.gateway.http.body_pace import PaceLimits, paced
from services.gateway.rest.uploads.attachment_rules import (
    limited,
    require_allowed,
    require_file_count,
)
from services.gateway.rest.uploads.media_types import HEAD_SIZE, media_type_of
from services.gateway.rest.uploads.multipart import Part, PartHead, read_parts
from shared.contracts.description.files import AttachmentRules, VirusScanner
from shared.domain.ids import numbered_id
from shared.domain.interaction import Attachment
from shared.mail.content_ids import is_content_id
from shared.mail.file_names import clean_name
from shared.scanning.clamd import ScannerAwayError, find_virus
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.files.vault import ContentRef, Vault
from shared.storage.upload_store import UploadStore

_PART: Final = "attachment"
# Octets of a field beside the files, which is read and dropped.
_MAX_FIELD: Final = 64 * 1024
# Boundaries, headers and other fields, besides the files.
_FORM_OVERHEAD: Final = 1024 * 1024


class FormFileReader:
    """Stores the files of one request for one draft.

    Document ids are derived from `batch`, so that a repeated request stores the same documents.
    """

    def __init__(
        self,
        *,
        uploads: UploadStore,
        vault: Vault,
        rules: AttachmentRules,
        scanner: VirusScanner | None,
        draft_id: str,
        batch: str,
    ) -> None:
        self._uploads = uploads
        self._vault = vault
        self._rules = rules
        self._scanner = scanner
        self._draft_id = draft_id
        self._batch = batch

    async def store(
        self, content_type: str, chunks: AsyncIterator[bytes], listed: tuple[Attachment, ...]
    ) -> list[Attachment]:
        """Store every file of a form; return them as attachments, in their order.

        `listed` are the files that the draft has already.

        Raises:
            RequestError: It is no form, or a file is too large, of a forbidden type, infected, in a
                part of the wrong name, or another one than the batch had before; or the virus
                scanner is away. Files stored before the error are swept a day later.
        """
        stored: list[Attachment] = []
        async for part in read_parts(content_type, chunks):
            if await _skip_if_no_file(part):
                continue
            require_file_count(self._rules, len(listed) + len(stored) + 1)
            in_mail = sum(one.size for one in (*listed, *stored))
            document_id = numbered_id(self._batch, len(stored))
            stored.append(await self._store(part, document_id, in_mail))
        return stored

    async def _store(self, part: Part, document_id: str, in_mail: int) -> Attachment:
        head, content = await _read_head(part.content)
        name = clean_name(part.head.file_name or "") or "attachment.bin"
        kind = media_type_of(head, declared=part.head.media_type, name=name)
        require_allowed(self._rules, name, kind)
        ref = await self._vault.put_stream(limited(content, self._rules, in_mail=in_mail))
        await self._require_clean(name, ref)
        content_id = part.head.content_id if is_content_id(part.head.content_id) else ""
        attachment = Attachment(document_id, name, ref.size, kind, content_id)
        if not await self._uploads.add(self._draft_id, attachment, ref):
            message = "this Idempotency-Key was used for another file: take a new one"
            raise RequestError(Situation.KEY_REUSED, message)
        return attachment

    async def _require_clean(self, name: str, ref: ContentRef) -> None:
        if self._scanner is None:
            return
        content = self._vault.open(ref)
        try:
            reason = await find_virus(self._scanner.host, self._scanner.port, content)
        except ScannerAwayError as error:
            raise unavailable(f"{error}: upload the file again later") from error
        if reason:
            raise RequestError(Situation.VALUE_REFUSED, f"{name} was not taken: {reason}")


class FormBodies:
    """Reads the bodies of uploads within the limits of the contact center and of time."""

    def __init__(self, configuration: ConfigurationStore, limits: PaceLimits) -> None:
        self._configuration = configuration
        self._limits = limits

    async def read(self, receive: Receive) -> AsyncIterator[bytes]:
        """Yield a body as it arrives; else as `body_of`."""
        rules = (await self._configuration.current()).attachments
        async for piece in body_of(receive, at_most=rules.largest_mail, limits=self._limits):
            yield piece


async def body_of(receive: Receive, *, at_most: int, limits: PaceLimits) -> AsyncIterator[bytes]:
    """Yield the body of a request as it arrives.

    Raises:
        RequestError: It is longer than a form with files of `at_most` bytes, or it stalls or is
            slower than the limits allow.
        AbortedError: The client disconnected.
    """
    receiving, octets, more = paced(receive, limits), 0, True
    while more:
        message = await receiving()
        if message["type"] == "http.disconnect":
            raise AbortedError
        piece: bytes = message.get("body", b"")
        octets += len(piece)
        if octets > at_most + _FORM_OVERHEAD:
            raise RequestError(Situation.TOO_LARGE, f"all files have at most {at_most} bytes")
        if piece:
            yield piece
        more = message.get("more_body", False)


async def _skip_if_no_file(part: Part) -> bool:
    """Return whether a part is no file; such a part is read to its end.

    Fields, and file inputs that were left empty, are no files.

    Raises:
        RequestError: It is a file under another name, or a field that is too long.
    """
    if _is_file(part.head):
        return False
    size = 0
    async for piece in part.content:
        size += len(piece)
        if size > (0 if part.head.file_name is not None else _MAX_FIELD):
            raise RequestError(Situation.PARAMETER_MISSING, f"the file has to be in part {_PART}")
    return True


def _is_file(head: PartHead) -> bool:
    return head.name == _PART and head.file_name != ""


async def _read_head(content: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the first bytes of a file, and a stream of the whole file."""
    head = b""
    while len(head) < HEAD_SIZE:
        piece = await anext(content, None)
        if piece is None:
            break
        head += piece
    return head[:HEAD_SIZE], _concatenated(head, content)


async def _concatenated(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
