"""Takes the files of a form into the vault while they come."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any, Final

from services.gateway.errors import RequestError, Situation
from services.gateway.http.asgi import AbortedError, Receive
from services.gateway.rest.uploads.attachment_rules import measured, require_allowed, require_few
from services.gateway.rest.uploads.media_types import TELLING, kind_of
from services.gateway.rest.uploads.multipart import Part, PartHead, read_parts
from shared.contracts.contact_center import AttachmentRules
from shared.domain.ids import numbered_id
from shared.domain.interaction import Attachment
from shared.mail.content_ids import is_content_id
from shared.mail.file_names import clean_name
from shared.storage.files.vault import Vault
from shared.storage.upload_store import UploadStore

_PART: Final = "attachment"
_LONGEST_FIELD: Final = 64 * 1024
_AROUND_FILES: Final = 1024 * 1024


class FormFileReader:
    """The files of one request for one draft.

    Their ids follow from `batch`, so that a repeated request stores the same documents.
    """

    def __init__(
        self,
        *,
        uploads: UploadStore,
        vault: Vault,
        rules: AttachmentRules,
        draft_id: str,
        batch: str,
    ) -> None:
        self._uploads = uploads
        self._vault = vault
        self._rules = rules
        self._draft_id = draft_id
        self._batch = batch

    async def take(
        self, content_type: str, chunks: AsyncIterator[bytes], listed: tuple[Attachment, ...]
    ) -> list[Attachment]:
        """Store every file of a form and return what became of them, in their order.

        `listed` are the files that the draft has already.

        Raises:
            RequestError: It is no form, or a file is too large, of a forbidden kind, or in a part
                of the wrong name. What is stored by then is swept a day later.
        """
        taken: list[Attachment] = []
        async for part in read_parts(content_type, chunks):
            if await _is_empty(part):
                continue
            require_few(self._rules, len(listed) + len(taken) + 1)
            in_mail = sum(one.size for one in (*listed, *taken))
            own_id = numbered_id(self._batch, len(taken))
            taken.append(await self._store(part, own_id, in_mail))
        return taken

    async def _store(self, part: Part, document_id: str, in_mail: int) -> Attachment:
        head, content = await _beginning(part.content)
        name = clean_name(part.head.file_name or "") or "attachment.bin"
        kind = kind_of(head, declared=part.head.media_type, name=name)
        require_allowed(self._rules, name, kind)
        ref = await self._vault.put_stream(measured(content, self._rules, in_mail=in_mail))
        content_id = part.head.content_id if is_content_id(part.head.content_id) else ""
        attachment = Attachment(document_id, name, ref.size, kind, content_id)
        await self._uploads.add(self._draft_id, attachment, ref)
        return attachment


async def body_of(receive: Receive, *, at_most: int, stall: float) -> AsyncIterator[bytes]:
    """Give the body of a request as it comes.

    Raises:
        RequestError: It is longer than a form may be whose files have `at_most` bytes, or nothing
            comes for `stall` seconds.
        AbortedError: The client went away.
    """
    left, more = at_most + _AROUND_FILES, True
    while more:
        message = await _received(receive, stall)
        piece: bytes = message.get("body", b"")
        left -= len(piece)
        if left < 0:
            raise RequestError(Situation.TOO_LARGE, f"all files have at most {at_most} bytes")
        if piece:
            yield piece
        more = message.get("more_body", False)


async def _received(receive: Receive, stall: float) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(stall):
            message = await receive()
    except TimeoutError as error:
        raise RequestError(Situation.TOO_SLOW, "nothing came for too long") from error
    if message["type"] == "http.disconnect":
        raise AbortedError
    return message


async def _is_empty(part: Part) -> bool:
    """Say whether a part is no file: a field beside it, or a file input that was left empty.

    Raises:
        RequestError: It is a file under another name, or a field that is too long.
    """
    if _is_file(part.head):
        return False
    size = 0
    async for piece in part.content:
        size += len(piece)
        if size > (0 if part.head.file_name is not None else _LONGEST_FIELD):
            raise RequestError(Situation.PARAMETER_MISSING, f"the file has to be in part {_PART}")
    return True


def _is_file(head: PartHead) -> bool:
    return head.name == _PART and head.file_name != ""


async def _beginning(content: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the first bytes of a file, and all of it."""
    head = b""
    while len(head) < TELLING:
        piece = await anext(content, None)
        if piece is None:
            break
        head += piece
    return head[:TELLING], _joined(head, content)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
