"""Files in chunks, in the layout of GridFS, so that its tools can read them.

PyMongo's own GridFS is not used: its upload keeps up to 48 MB in memory, and its download keeps a
cursor open for as long as the slowest reader needs.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from shared.domain.clock import Clock
from shared.domain.ids import new_id
from shared.storage.database.client import HINT, Database, database_errors

FILES: Final = "vault.files"
CHUNKS: Final = "vault.chunks"

# As in GridFS: a chunk and its other fields stay below 256 KiB.
CHUNK_SIZE: Final = 255 * 1024
_TOGETHER: Final = 8
"""Chunks in one write or read: about 2 MB, which one transfer keeps in memory."""


class ChunkedFiles:
    """All chunked files of the vault. A file is valid once it is marked as kept."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._files = database[FILES]
        # The content's own document decides, on a majority; these marks only serve the sweep.
        self._hints = self._files.with_options(write_concern=HINT)
        self._chunks = database[CHUNKS]
        self._clock = clock

    async def begin(self, file_id: str) -> None:
        """Record the start of an upload, so that `unfinished` finds it if it never ends."""
        async with database_errors():
            await self._hints.insert_one(
                {
                    "_id": file_id,
                    "length": 0,
                    "chunkSize": CHUNK_SIZE,
                    "uploadDate": self._clock.now(),
                    "kept": False,
                }
            )

    async def append(self, file_id: str, first: int, pieces: Sequence[bytes]) -> None:
        """Store consecutive chunks of a file, durably."""
        async with database_errors():
            await self._chunks.insert_many(
                [
                    {"files_id": file_id, "n": first + number, "data": piece}
                    for number, piece in enumerate(pieces)
                ]
            )

    async def mark_kept(self, file_id: str, **fields: object) -> None:
        """Mark a file as kept, because a content refers to it."""
        async with database_errors():
            await self._hints.update_one({"_id": file_id}, {"$set": {"kept": True, **fields}})

    async def doubt(self, file_id: str) -> None:
        """Remove the mark, so that `unfinished` finds the file."""
        async with database_errors():
            await self._files.update_one({"_id": file_id}, {"$set": {"kept": False}})

    async def delete(self, file_id: str) -> None:
        """Delete a file and its chunks."""
        async with database_errors():
            await self._chunks.delete_many({"files_id": file_id})
            await self._files.delete_one({"_id": file_id})

    async def read(self, file_id: str, first: int = 0) -> AsyncIterator[bytes]:
        """Yield the chunks that exist, in order, from number `first` on."""
        while True:
            numbers = {"$gte": first, "$lt": first + _TOGETHER}
            async with database_errors():
                found = await self._chunks.find(
                    {"files_id": file_id, "n": numbers}, sort=[("n", 1)]
                ).to_list()
            for chunk in found:
                yield chunk["data"]
            if len(found) < _TOGETHER:
                return
            first += _TOGETHER

    async def unfinished(self, before: datetime) -> list[str]:
        """Return the ids of files that were begun before a moment and are not kept."""
        wanted = {"kept": False, "uploadDate": {"$lt": before}}
        async with database_errors():
            found = await self._files.find(wanted, {"_id": 1}).to_list()
        return [file["_id"] for file in found]


class Upload:
    """An upload in progress; bytes are stored 2 MB at a time."""

    def __init__(self, files: ChunkedFiles) -> None:
        self.file_id = new_id()
        self.begun = False
        self._files = files
        self._waiting = bytearray()
        self._stored = 0

    @property
    def in_memory(self) -> bytes:
        """The bytes that are not stored yet."""
        return bytes(self._waiting)

    async def write(self, piece: bytes) -> None:
        """Add bytes; store them if there are 2 MB."""
        self._waiting += piece
        while len(self._waiting) >= _TOGETHER * CHUNK_SIZE:
            await self._store(_TOGETHER * CHUNK_SIZE)

    async def flush(self) -> None:
        """Store the remaining bytes."""
        await self._store(len(self._waiting))

    async def abandon(self) -> None:
        """Delete what is stored."""
        if self.begun:
            await self._files.delete(self.file_id)

    async def _store(self, size: int) -> None:
        if not self.begun:
            self.begun = True
            await self._files.begin(self.file_id)
        content = bytes(self._waiting[:size])
        del self._waiting[:size]
        pieces = [content[at : at + CHUNK_SIZE] for at in range(0, len(content), CHUNK_SIZE)]
        if pieces:
            await self._files.append(self.file_id, self._stored, pieces)
        self._stored += len(pieces)
