"""Bytes under their SHA-256: one document up to 256 kB, GridFS above, each content stored once."""

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
    """Which bytes: their SHA-256 in hexadecimal, and how many they are."""

    sha256: str
    size: int


class DamagedContentError(Exception):
    """Bytes that are referred to are missing, or fewer than they were."""


class Vault:
    """Durable bytes. What `put` has returned survives the loss of a minority of the servers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._contents = database[COLLECTION]
        self._files = ChunkedFiles(database, clock)
        self._clock = clock

    async def put(self, content: bytes) -> ContentRef:
        """Store bytes that are in memory; twice is as good as once."""
        ref = ContentRef(hashlib.sha256(content).hexdigest(), len(content))
        if len(content) <= IN_ONE_DOCUMENT:
            await self._refer(ref, {"bytes": content})
        elif not await self._has(ref):
            await self.put_stream(_pieces(content))
        return ref

    async def put_stream(self, source: AsyncIterable[bytes]) -> ContentRef:
        """Store bytes as they come, with about 2 MB of them in memory at a time.

        Where the source fails, nothing of it stays, and its error goes through.
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
        """Return all the bytes at once.

        Raises:
            DamagedContentError: They are not there, or not all of them.
        """
        return b"".join([piece async for piece in self.open(ref)])

    async def open(self, ref: ContentRef) -> AsyncIterator[bytes]:
        """Give the bytes in pieces of at most 256 kB. A slow reader holds nothing open.

        Raises:
            DamagedContentError: They are not there, or not all of them.
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
        """Give the bytes from the place `first` to the place `last`, both among them.

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
        """Delete a content that was last stored before a moment; say whether it is gone.

        Only for what nothing refers to; whoever stores the same bytes meanwhile keeps them.
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
        """Delete what uploads begun before a moment left behind; return how many did.

        `before` must be further back than the slowest upload takes.
        """
        count = 0
        for file_id in await self._files.unfinished(before):
            async with database_errors():
                known = await self._contents.find_one({"upload": file_id}, {"_id": 1})
            if known:
                await self._files.keep(file_id)
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
        # An error here leaves the chunks to `forget_unfinished`: the reference may be stored.
        if not upload.begun:
            await self._refer(ref, {"bytes": upload.in_memory})
        elif await self._refer(ref, {"upload": upload.file_id}):
            await self._files.keep(upload.file_id, length=ref.size, filename=ref.sha256)
        else:
            await upload.abandon()

    async def _refer(self, ref: ContentRef, where: Document) -> bool:
        """Make a content known; say whether it is new.

        One that is known is written to all the same: only then does this majority write vouch
        for the earlier one, which may not have been acknowledged yet.
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
