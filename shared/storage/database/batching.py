"""Batches: calls that are made at the same time share one round trip.

A majority write costs the same journaling for one document as for fifty. Calls that are made in one
turn of the event loop go together. While two round trips are under way, further calls wait for the
next one; at low load nothing waits.

Reads make one round trip at a time, because most of what one costs is the same for one document as
for fifty: with two at a time each carries half as many.

Of several updates the server says how many it has made, and not which. So each update has a proof:
a filter that finds its document only after this very update (a change of an interaction by the id
of its event, a write about a delivery by its claim and state). Where some were not made, each is
looked for. A write about a delivery without proof is a lost claim, which keeps the final dot back.

Two kinds of calls pause after each trip. Outbound's calls pause 4 ms, 6 ms after a trip of several:
its processor is busy before two writes of a kind wait at the same time. The pause must not grow
with the calls carried: with 4 ms for each, no more than 250 of a kind were possible in a second.
Reads of many clients that return at once pause 2 ms for each call, 0.1 s at most: without it a trip
carries a dozen calls, and 4,000 clients made 1,700 trips instead of 650, which cost the gateway a
fifth more and the database a half (`make bench-cometd`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, WriteError

from shared.storage.database.client import (
    Collection,
    DatabaseUnavailableError,
    Document,
    UnstorableError,
)

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# A majority write costs the same journaling for one document as for fifty.
_MOST: Final = 50
_AT_ONCE: Final = 2
_READS_AT_ONCE: Final = 1
_MOST_OF_A_HERD: Final = 500
_REST_FOR_EACH_OF_A_HERD: Final = 0.002
_LONGEST_REST: Final = 0.1
_REST_IN_A_STREAM: Final = 0.004
_LONGEST_REST_IN_A_STREAM: Final = 0.006
"""Seconds. At 400 calls a second about three share a round trip; a single one does not wait."""
# MongoDB's error code.
_DUPLICATE_KEY: Final = 11000
# BadValue, InvalidBSON, DocumentValidationFailure, BSONObjectTooLarge, a key too long to index, and
# the codes of a document that would be too large after an update.
_REFUSED_FOR_GOOD: Final = frozenset({2, 22, 121, 10334, 17280, 17419, 17420})
# The limit of a document in MongoDB.
_LARGEST: Final = 16 * 1024 * 1024

CarryOut = Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]


class Batcher(Generic[Asked, Answer]):
    """Carries out calls in batches.

    While fewer than `at_once` round trips are running, a call starts in the next turn of the event
    loop, together with all that were made in this one. Otherwise it waits, and the next round trip
    carries up to `most` waiting calls. No call joins a round trip that has already started. After a
    round trip its slot stays taken for `rest_for_each` seconds for each call that it carried, at
    most `longest_rest`, so that more calls gather.
    """

    def __init__(
        self,
        carry_out: CarryOut[Asked, Answer],
        *,
        most: int = _MOST,
        at_once: int = _AT_ONCE,
        rest_for_each: float = 0.0,
        longest_rest: float = _LONGEST_REST,
    ) -> None:
        self._carry_out = carry_out
        self._most = most
        self._at_once = at_once
        self._rest_for_each = rest_for_each
        self._longest_rest = longest_rest
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Answer:
        """Return the result of one call, or raise the error of its round trip.

        If the caller is canceled, the round trip goes on for the other callers.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        self._begin()
        return await answer

    def _begin(self) -> None:
        is_possible = self._starting is None and len(self._under_way) < self._at_once
        if self._waiting and is_possible:
            task = self._starting = asyncio.create_task(self._answer())
            self._under_way.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if self._starting is task:
            # It was canceled before its first step.
            self._starting = None
        self._begin()

    async def _answer(self) -> None:
        self._starting = None
        together, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self._begin()
        try:
            answers = await self._carry_out([asked for asked, _ in together])
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            for _, future in together:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(together, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
        if self._rest_for_each:
            await asyncio.sleep(min(self._rest_for_each * len(together), self._longest_rest))


def for_herds(
    carry_out: CarryOut[Asked, Answer], *, most: int = _MOST_OF_A_HERD
) -> Batcher[Asked, Answer]:
    """Return a batcher for a thundering herd: thousands of calls at the same time.

    It makes one round trip at a time, and rests 2 ms for each call, at most 0.1 s. A few calls
    hardly wait; of a herd fifty share a round trip instead of ten.
    """
    return Batcher(carry_out, most=most, at_once=1, rest_for_each=_REST_FOR_EACH_OF_A_HERD)


def for_streams(carry_out: CarryOut[Asked, Answer]) -> Batcher[Asked, Answer]:
    """Return a batcher for calls that follow each other, of which none is urgent.

    It makes one round trip at a time, and rests some milliseconds, however many calls it carried.
    """
    return Batcher(
        carry_out,
        at_once=1,
        rest_for_each=_REST_IN_A_STREAM,
        longest_rest=_LONGEST_REST_IN_A_STREAM,
    )


class BatchInserter:
    """Inserts into one collection; simultaneous ones share one write and one journal sync."""

    def __init__(self, collection: Collection, *, at_once: int = _AT_ONCE) -> None:
        self._collection = collection
        self._batcher = Batcher(self._insert, at_once=at_once)

    async def add(self, document: Document) -> bool:
        """Insert a document; return False if its id or another unique field is taken.

        A document that cannot be stored raises for its own caller only.

        Raises:
            UnstorableError: It is too large, or holds a value that BSON cannot represent.
        """
        fault = await self._batcher(_encoded(document, self._collection))
        if fault is not None and fault["code"] != _DUPLICATE_KEY:
            raise _error_of(fault)
        return fault is None

    async def _insert(self, documents: Sequence[RawBSONDocument]) -> Sequence[Document | None]:
        try:
            await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            faults = _faults(error)
            return [faults.get(number) for number in range(len(documents))]
        return [None] * len(documents)


@dataclass(frozen=True, slots=True)
class Update:
    """An update of one document.

    `proof` is a filter that matches the document only after this update. It is needed to share a
    write, because the server reports how many updates matched and not which. Without it the
    update is written alone.
    """

    wanted: Document
    changes: Mapping[str, Any]
    proof: Document | None


class BatchUpdater:
    """Updates of single documents in one collection; simultaneous ones share one write.

    With `in_streams` more of them share a write, and each may wait for some milliseconds.
    """

    def __init__(self, collection: Collection, *, in_streams: bool = False) -> None:
        self._collection = collection
        self._batcher = for_streams(self._update) if in_streams else Batcher(self._update)

    async def apply(self, update: Update) -> bool:
        """Update a document; return whether one matched.

        An update that cannot be stored raises for its own caller only.

        Raises:
            UnstorableError: It would be too large, or holds a value that BSON cannot represent.
        """
        encoded = replace(update, changes=_encoded(update.changes, self._collection))
        if encoded.proof is None:
            (outcome,) = await self._update([encoded])
        else:
            outcome = await self._batcher(encoded)
        if isinstance(outcome, bool):
            return outcome
        raise _error_of(outcome)

    async def _update(self, updates: Sequence[Update]) -> Sequence[bool | Document]:
        several = [UpdateOne(one.wanted, one.changes) for one in updates]
        faults: Mapping[int, Document] = {}
        try:
            matched = (await self._collection.bulk_write(several, ordered=False)).matched_count
        except BulkWriteError as error:
            faults, matched = _faults(error), error.details["nMatched"]
        if matched in (0, len(updates) - len(faults)):
            return [faults.get(number, matched > 0) for number in range(len(updates))]
        return [
            faults.get(number) or await self._is_proven(one) for number, one in enumerate(updates)
        ]

    async def _is_proven(self, update: Update) -> bool:
        return await self._collection.find_one(update.proof, {"_id": 1}) is not None


def _encoded(document: Mapping[str, Any], collection: Collection) -> RawBSONDocument:
    # Each caller encodes its own document, so that a bad one fails before it joins a batch.
    try:
        encoded = bson.encode(document, codec_options=collection.codec_options)
    except (BSONError, OverflowError, ValueError) as error:
        raise UnstorableError(type(error).__name__) from error
    if len(encoded) > _LARGEST:
        raise UnstorableError(f"a document of {len(encoded)} bytes")
    return RawBSONDocument(encoded)


def _faults(error: BulkWriteError) -> Mapping[int, Document]:
    """Return the errors of a bulk write by the number of the operation.

    Raises:
        DatabaseUnavailableError: A majority may not have the other operations.
    """
    if error.details["writeConcernErrors"]:
        raise DatabaseUnavailableError("a majority did not confirm the write") from error
    return {fault["index"]: fault for fault in error.details["writeErrors"]}


def _error_of(fault: Document) -> Exception:
    if fault["code"] in _REFUSED_FOR_GOOD:
        return UnstorableError(fault["errmsg"])
    return WriteError(fault["errmsg"], fault["code"], fault)


class BatchReader:
    """Reads documents by a unique field; simultaneous reads share one query."""

    def __init__(
        self,
        collection: Collection,
        fields: Document | None = None,
        *,
        key: str = "_id",
        by_herds: bool = False,
        in_streams: bool = False,
    ) -> None:
        self._collection = collection
        self._fields = fields
        self._key = key
        if by_herds:
            self._batcher = for_herds(self._read)
        elif in_streams:
            self._batcher = for_streams(self._read)
        else:
            self._batcher = Batcher(self._read, at_once=_READS_AT_ONCE)

    async def get(self, value: str) -> Document | None:
        """Return the document with that value, None if there is none."""
        return await self._batcher(value)

    async def _read(self, values: Sequence[str]) -> Sequence[Document | None]:
        if len(values) == 1:
            return [await self._collection.find_one({self._key: values[0]}, self._fields)]
        wanted = {self._key: {"$in": list(values)}}
        # The first batch of a cursor holds 101 documents by default; more would need a second trip.
        cursor = self._collection.find(wanted, self._fields, batch_size=len(values) + 1)
        found = await cursor.to_list()
        by_value = {document[self._key]: document for document in found}
        return [by_value.get(value) for value in values]
