"""The vault: contents by their SHA-256, each stored once.

A content up to 256 kB is one document, a larger one is chunked.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.clock import Clock
from shared.storage.database.client import Database, Document, database_errors
from shared.storage.files.chunked_files import CHUNK_SIZE, ChunkedFiles, Upload

COLLECTION: Final = "contents"

IN_ONE_DOCUMENT: Final = 256 * 1024
"""The longest content, in bytes, that is stored in one write."""


@dataclass(frozen=True, slots=True)
class ContentRef:
    """A reference to a content: its SHA-256 in hexadecimal, and its size in bytes."""

    sha256: str
    size: int


class DamagedContentError(Exception):
    """A content is missing or incomplete."""


class Vault:
    """Durable contents: once `put` returns, the content survives the loss of a minority."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._contents = database[COLLECTION]
        self._files = ChunkedFiles(database, clock)
        self._clock = clock

    async def put(self, content: bytes) -> ContentRef:
        """Store bytes that are in memory; a repetition changes nothing."""
        ref = ContentRef(hashlib.sha256(content).hexdigest(), len(content))
        if len(content) <= IN_ONE_DOCUMENT:
            await self._refer(ref, {"bytes": content})
        elif not await self._has(ref):
            await self.put_stream(_pieces(content))
        return ref

    async def put_stream(self, source: AsyncIterable[bytes]) -> ContentRef:
        """Store bytes from a stream, with about 2 MB of them in memory at a time.

        If the source raises, the stored part is deleted and the error is raised again.
        """
        upload, digest, size = Upload(self._files), hashlib.sha256(), 0
        try:
            async for piece in source:
                digest.update(piece)
                size += len(piece)
                await upload.write(piece)
            if size > IN_ONE_DOCUMENT:
                await upload.flush()
        except BaseException:
            await upload.abandon()
            raise
        ref = ContentRef(digest.hexdigest(), size)
        await self._finish(ref, upload)
        return ref

    async def get(self, ref: ContentRef) -> bytes:
        """Return a content as one `bytes`.

        Raises:
            DamagedContentError: It is missing or incomplete.
        """
        return b"".join([piece async for piece in self.open(ref)])

    async def open(self, ref: ContentRef) -> AsyncIterator[bytes]:
        """Yield a content in pieces of at most 256 kB; no cursor stays open between them.

        Raises:
            DamagedContentError: It is missing or incomplete.
        """
        content = await self._find(ref)
        if "bytes" in content:
            yield content["bytes"]
            return
        size = 0
        async for piece in self._files.read(content["upload"]):
            size += len(piece)
            yield piece
        if size != content["size"]:
            raise DamagedContentError(f"{size} of {content['size']} bytes of {ref.sha256}")

    async def section(self, ref: ContentRef, first: int, last: int) -> AsyncIterator[bytes]:
        """Yield the bytes from offset `first` to offset `last`, both included.

        Raises:
            DamagedContentError: Some of them are not there.
        """
        left = last - first + 1
        async for piece in self._from(ref, first):
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return
        raise DamagedContentError(f"{left} bytes of {ref.sha256} are missing")

    async def forget(self, sha256: str, before: datetime) -> bool:
        """Delete a content that was last stored before a moment; return whether it was deleted.

        Call it only for contents without references. If the same bytes are stored meanwhile, they
        are kept.
        """
        wanted = {"_id": sha256, "stored_at": {"$lt": before}}
        async with database_errors():
            content = await self._contents.find_one(wanted, {"upload": 1})
        if content is None:
            return False
        if "upload" in content:
            await self._files.doubt(content["upload"])
        async with database_errors():
            deleted = await self._contents.delete_one(wanted)
        if deleted.deleted_count and "upload" in content:
            await self._files.delete(content["upload"])
        return bool(deleted.deleted_count)

    async def forget_unfinished(self, before: datetime) -> int:
        """Delete the chunks of uploads that failed; return the number of uploads.

        Uploads count as failed if they began before `before` and are not referred to. `before` must
        be longer ago than the slowest upload takes.
        """
        count = 0
        for file_id in await self._files.unfinished(before):
            async with database_errors():
                known = await self._contents.find_one({"upload": file_id}, {"_id": 1})
            if known:
                await self._files.mark_kept(file_id)
            else:
                await self._files.delete(file_id)
                count += 1
        return count

    async def _from(self, ref: ContentRef, first: int) -> AsyncIterator[bytes]:
        content = await self._find(ref)
        if "bytes" in content:
            yield content["bytes"][first:]
            return
        skipped = first % CHUNK_SIZE
        async for piece in self._files.read(content["upload"], first // CHUNK_SIZE):
            yield piece[skipped:]
            skipped = 0

    async def _find(self, ref: ContentRef) -> Document:
        async with database_errors():
            content = await self._contents.find_one({"_id": ref.sha256})
        if content is None:
            raise DamagedContentError(f"no content {ref.sha256}")
        return content

    async def _finish(self, ref: ContentRef, upload: Upload) -> None:
        # After an error here the reference may be stored, so `forget_unfinished` decides later.
        if not upload.begun:
            await self._refer(ref, {"bytes": upload.in_memory})
        elif await self._refer(ref, {"upload": upload.file_id}):
            await self._files.mark_kept(upload.file_id, length=ref.size, filename=ref.sha256)
        else:
            await upload.abandon()

    async def _refer(self, ref: ContentRef, where: Document) -> bool:
        """Store the reference of a content; return whether it is new.

        An existing one is written as well. Its first write may not be acknowledged by a majority
        yet, and this majority write makes both durable.
        """
        async with database_errors():
            result = await self._contents.update_one(
                {"_id": ref.sha256},
                {
                    "$set": {"stored_at": self._clock.now()},
                    "$setOnInsert": {"size": ref.size, **where},
                },
                upsert=True,
            )
        return result.upserted_id is not None

    async def _has(self, ref: ContentRef) -> bool:
        async with database_errors():
            result = await self._contents.update_one(
                {"_id": ref.sha256}, {"$set": {"stored_at": self._clock.now()}}
            )
        return bool(result.matched_count)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), IN_ONE_DOCUMENT):
        yield content[at : at + IN_ONE_DOCUMENT]
