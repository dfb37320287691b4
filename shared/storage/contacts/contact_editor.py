"""Changes of contacts by people: their fields, merges, and the end of merges.

A change compares the version that it was decided on. Facts that come from
mails have no version.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import SystemRandom
from typing import Final

from pymongo.errors import DuplicateKeyError

from shared.domain.clock import Clock
from shared.domain.contacts.contact import MOST_MERGED, Contact, Merge, Person
from shared.domain.errors import ChangedMeanwhileError, Refused, TooLargeError, Unavailable
from shared.faults import crash_point
from shared.storage.contacts.contact_documents import to_document
from shared.storage.contacts.contact_store import COLLECTION, ContactStore
from shared.storage.database.client import Database, Document, database_errors

_TRIES: Final = 3
# Seconds, at random: two editors that collided do not collide again.
_LONGEST_PAUSE: Final = 0.1
_MOST_MERGES: Final = 20
"""Merges of one contact that are remembered, the newest of them."""

_LEARNED: Final = frozenset({"_id", "names", "made_at", "version"})
"""Fields that a change never writes."""


class AddressTakenError(Refused):
    """An address belongs to another contact; the text says to which."""


class ContendedContactError(Unavailable):
    """Others keep changing a contact, so that no change of ours was the next one: try again."""


class ContactEditor:
    """Changes contacts. A repetition of a merge or of its end is refused and changes nothing."""

    def __init__(self, database: Database, contacts: ContactStore, clock: Clock) -> None:
        self._contacts = contacts
        self._collection = database[COLLECTION]
        self._clock = clock

    async def change(
        self,
        contact_id: str,
        decide: Callable[[Contact], Contact],
        expected: int | None = None,
        *,
        is_blocked: bool | None = None,
    ) -> Person:
        """Apply a pure decision to a contact, or to the one that it is merged into.

        With `expected` no other version is changed. With `is_blocked` all contacts that are merged
        into it become blocked, or are blocked no more. Where that ends halfway, the person stays
        blocked, and a repetition does the rest.

        Raises:
            UnknownContactError: There is no contact of that id.
            ChangedMeanwhileError: It has another version than `expected`.
            ContendedContactError: Others changed it at each of three tries.
            AddressTakenError: One of the addresses belongs to another contact.
        """
        for _ in range(_TRIES):
            before = await self._contacts.get(contact_id)
            if expected not in (None, before.contact.version):
                raise ChangedMeanwhileError(
                    f"contact {before.contact.id} has changed meanwhile: read it again"
                )
            after = decide(before.contact)
            others = [one.id for one in before.merged if is_blocked not in (None, one.is_blocked)]
            if after == before.contact and not others:
                return before
            # The others show in this contact: it has a new version also where they alone change.
            if await self._write(before.contact, after):
                crash_point("contacts.after_first")
                if others and is_blocked is not None:
                    await self._block(others, is_blocked=is_blocked)
                return await self._contacts.get(contact_id)
        raise _contended(before.contact)

    async def merge(self, source_id: str, target_id: str, by: str) -> Person:
        """Merge a contact into another one, and return the whole person.

        The merged contact stays as it is, and so do its mails: they are found with those of the
        other. `by` says whose decision it is.

        Raises:
            UnknownContactError: There is no contact of one of the ids.
            Refused: They are one already, or the first is a part of a third contact.
            TooLargeError: The person would be too many contacts.
            ContendedContactError: Others changed the contacts at each of three tries.
        """
        for _ in range(_TRIES):
            target = await self._contacts.get(target_id)
            source = await self._contacts.get_contact(source_id)
            if source.id in {one.id for one in target.everybody}:
                raise Refused(f"contacts {source.id} and {target.contact.id} are one already")
            if source.merged_into is not None:
                raise Refused(
                    f"contact {source.id} is merged into {source.merged_into}: merge that one, or "
                    "undo its merge first"
                )
            count = len(target.everybody) + len((await self._contacts.get(source.id)).everybody)
            if count > MOST_MERGED + 1:
                raise TooLargeError(f"a person is at most {MOST_MERGED + 1} contacts")
            # The target gets a new version first: of merges at the same time that would together
            # make a circle, one then fails. If this write is the last one, nothing is merged.
            if not await self._write(target.contact, target.contact):
                await _pause()
                continue
            crash_point("contacts.after_target")
            merge = Merge(target.contact.id, self._clock.now(), by)
            merged = replace(
                source, merged_into=merge.into, merges=(*source.merges, merge)[-_MOST_MERGES:]
            )
            if await self._write(source, merged):
                return await self._contacts.get(source.id)
            await _pause()
        raise _contended(source)

    async def undo_merge(self, source_id: str, by: str) -> Person:
        """Take a contact out of the one that it was merged into; return it by itself.

        Raises:
            UnknownContactError: There is no contact of that id.
            Refused: It is not merged.
            ContendedContactError: Others changed it at each of three tries.
        """
        for _ in range(_TRIES):
            source = await self._contacts.get_contact(source_id)
            if source.merged_into is None:
                raise Refused(f"contact {source.id} is merged into no other")
            *before, last = source.merges
            undone = replace(last, undone_at=self._clock.now(), undone_by=by)
            after = replace(source, merged_into=None, merges=(*before, undone))
            if await self._write(source, after):
                return await self._contacts.get(source.id)
        raise _contended(source)

    async def _block(self, contact_ids: Sequence[str], *, is_blocked: bool) -> None:
        async with database_errors():
            await self._collection.update_many(
                {"_id": {"$in": list(contact_ids)}, "is_blocked": {"$ne": is_blocked}},
                {"$set": {"is_blocked": is_blocked}, "$inc": {"version": 1}},
            )

    async def _write(self, before: Contact, after: Contact) -> bool:
        """Write a contact, unless another version is stored; return whether it was written."""
        next_version = before.version + 1
        document = to_document(after)
        changes: Document = {
            "$set": {name: value for name, value in document.items() if name not in _LEARNED},
            "$inc": {"version": 1},
        }
        if after.merged_into is None:
            changes["$unset"] = {"merged_into": ""}
        try:
            async with database_errors():
                if before.version == 0:
                    await self._collection.insert_one(document | {"version": next_version})
                    return True
                wanted = {"_id": before.id, "version": before.version}
                return (await self._collection.update_one(wanted, changes)).matched_count > 0
        except DuplicateKeyError:
            await self._require_free_addresses(after)
            return False  # Another process has stored the contact at this moment.

    async def _require_free_addresses(self, contact: Contact) -> None:
        for address in contact.addresses:
            owner = await self._contacts.owner_of(address)
            if owner and owner.id != contact.id:
                raise AddressTakenError(
                    f"{address} belongs to contact {owner.id}: merge the two contacts"
                )


async def _pause() -> None:
    """Wait a random time: two merges of the same contacts would else fail in step."""
    await asyncio.sleep(SystemRandom().uniform(0, _LONGEST_PAUSE))


def _contended(contact: Contact) -> ContendedContactError:
    return ContendedContactError(f"others keep changing contact {contact.id}")
