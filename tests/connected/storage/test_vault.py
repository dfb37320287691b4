"""Bytes under their digest, on a real database."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest

from shared.storage.files import chunked_files, vault
from shared.storage.files.vault import IN_ONE_DOCUMENT, ContentRef, DamagedContentError, Vault
from tests.support.backend import Backend

pytestmark = pytest.mark.connected

LARGE = bytes(range(256)) * 20_000


async def in_pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def broken_off() -> AsyncIterator[bytes]:
    yield LARGE
    raise ConnectionResetError


@pytest.fixture
def store(backend: Backend) -> Vault:
    return Vault(backend.database, backend.clock)


async def stored(backend: Backend) -> tuple[int, int]:
    """Return how many contents and how many chunks there are."""
    return (
        await backend.database[vault.COLLECTION].count_documents({}),
        await backend.database[chunked_files.CHUNKS].count_documents({}),
    )


@pytest.mark.parametrize(
    "size", [0, 1, IN_ONE_DOCUMENT, IN_ONE_DOCUMENT + 1, 8 * 255 * 1024, len(LARGE)]
)
async def test_content_that_is_put_comes_back(store: Vault, size: int) -> None:
    content = LARGE[:size]

    at_once = await store.put(content)
    streamed = await store.put_stream(in_pieces(content))

    assert at_once == streamed == ContentRef(hashlib.sha256(content).hexdigest(), size)
    assert await store.get(at_once) == content


async def test_the_same_content_is_stored_once(backend: Backend, store: Vault) -> None:
    await asyncio.gather(*(store.put_stream(in_pieces(LARGE)) for _ in range(4)))
    await asyncio.gather(*(store.put(LARGE[:10]) for _ in range(4)))

    chunks = -(-len(LARGE) // (255 * 1024))
    assert await stored(backend) == (2, chunks)


async def test_a_small_content_is_one_document(backend: Backend, store: Vault) -> None:
    await store.put_stream(in_pieces(LARGE[:IN_ONE_DOCUMENT]))

    assert await stored(backend) == (1, 0)


async def test_no_piece_is_larger_than_a_document_of_its_kind(store: Vault) -> None:
    ref = await store.put(LARGE)

    sizes = [len(piece) async for piece in store.open(ref)]

    assert max(sizes) <= IN_ONE_DOCUMENT


async def test_source_that_breaks_off_leaves_nothing(backend: Backend, store: Vault) -> None:
    with suppress(ConnectionResetError):
        await store.put_stream(broken_off())

    assert await stored(backend) == (0, 0)
    assert await backend.database[chunked_files.FILES].count_documents({}) == 0


async def test_content_of_a_dead_process_is_forgotten(backend: Backend, store: Vault) -> None:
    upload = chunked_files.Upload(chunked_files.ChunkedFiles(backend.database, backend.clock))
    await upload.write(LARGE)
    kept = await store.put(LARGE)
    backend.clock.move(timedelta(days=1))

    first = await store.forget_unfinished(backend.clock.now())
    second = await store.forget_unfinished(backend.clock.now())

    assert (first, second) == (1, 0)
    assert await store.get(kept) == LARGE


async def test_a_content_whose_mark_was_lost_is_not_forgotten(
    backend: Backend, store: Vault
) -> None:
    kept = await store.put(LARGE)
    await backend.database[chunked_files.FILES].update_many({}, {"$set": {"kept": False}})
    backend.clock.move(timedelta(days=1))

    forgotten = await store.forget_unfinished(backend.clock.now())

    assert forgotten == 0
    assert await store.get(kept) == LARGE


async def test_bytes_that_are_missing_are_noticed(backend: Backend, store: Vault) -> None:
    ref = await store.put(LARGE)
    await backend.database[chunked_files.CHUNKS].delete_one({"n": 3})

    with pytest.raises(DamagedContentError):
        await store.get(ref)
    with pytest.raises(DamagedContentError):
        await store.get(ContentRef("0" * 64, 1))
