"""The contacts, each one document. An address belongs to one contact at most, by a unique index."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pymongo
from pymongo.errors import DuplicateKeyError, PyMongoError

from shared.domain.clock import Clock
from shared.domain.contacts.contact import (
    LONGEST_ADDRESS,
    MOST_MERGED,
    MOST_NAMES,
    Contact,
    Person,
    contact_id,
    learned_name,
)
from shared.domain.errors import Unavailable, UnknownContactError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction
from shared.mail.threads import person
from shared.storage.contacts.contact_documents import to_contact, to_document
from shared.storage.database.batching import Batcher
from shared.storage.database.client import HINT, NEWEST, Database, Document, database_errors
from shared.storage.interactions import interaction_store
from shared.storage.interactions.newest_mails import newest_mails

COLLECTION: Final = "contacts"
HAS_ADDRESS: Final[Document] = {"addresses": {"$gt": ""}}
"""The filter of the index `of-address`. Of a list, the database compares each element."""

IS_MERGED: Final[Document] = {"merged_into": {"$gt": ""}}
"""The filter of the index `merged-into`."""

_TRIES: Final = 3
# A mail never waits longer for its contact.
_PATIENCE_SECONDS: Final = 2
_MOST_READ: Final = 4 * MOST_MERGED
"""Merges that were made at the same moment may together exceed `MOST_MERGED`."""
_MOST_TOGETHER: Final = 200
"""Contacts that are read for senders who are met at the same time, beside one for each of them."""

_LATEST: Final = 10
"""Mails in which the address of a contact that is not stored is looked for."""


class ContactUnknownError(Unavailable):
    """Nobody can say now to which contact an address belongs."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """The address of a sender, as contacts have it, and the id that follows from it."""

    key: str
    presumed_id: str


@dataclass(frozen=True, slots=True)
class _Owner:
    """The stored contact of an address. `has_parts` says whether others may be merged into it."""

    contact: Contact
    has_parts: bool


class ContactStore:
    """Finds contacts with their mails, and makes contacts for mail that arrives."""

    def __init__(self, database: Database, clock: Clock) -> None:
        # A contact that another process has just made is to be found, not made once more.
        self._contacts = database[COLLECTION].with_options(read_concern=NEWEST)
        # Facts about a sender are in the mail too, and in the next one.
        self._hints = database[COLLECTION].with_options(write_concern=HINT)
        self._interactions = database[interaction_store.COLLECTION]
        self._owners = Batcher(self._read_owners)
        self._clock = clock

    async def meet(self, address: str, shown_name: str, *, makes: bool) -> Contact | None:
        """Return the contact to whom the address in a mail belongs.

        With `makes`, the name beside the address is kept, and an unknown address becomes a
        contact; of several processes at once, one makes it. None means that the address is
        unknown, or no address. The contact counts as blocked if any contact of the person is, and
        has the groups of those that it is merged into as well.

        Raises:
            ContactUnknownError: The database has not said it within two seconds.
        """
        key = address_key(address)
        if not key:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                owner = await self._met(key, address, learned_name(shown_name), makes=makes)
                if owner is None:
                    return None
                contact = owner.contact
                above = [one async for one in self._above(contact)]
                below: list[Contact] = []
                if above or owner.has_parts:
                    below = [one async for one in self._below((contact, *above)[-1])]
        except (PyMongoError, TimeoutError) as error:
            raise ContactUnknownError(
                f"no contact for an address: {type(error).__name__}"
            ) from error
        groups = tuple(dict.fromkeys(group for one in (contact, *above) for group in one.groups))
        is_blocked = any(one.is_blocked for one in (contact, *above, *below))
        return replace(contact, is_blocked=is_blocked, groups=groups)

    async def find(self, address: str) -> Person | None:
        """Return the person with an address, None if no contact and no mail has it."""
        if not address_key(address):
            return None
        owner = await self.owner_of(address)
        if owner is not None:
            return await self._person(owner)
        known = await self._known_from_mails(contact_id(address))
        return Person(known) if known else None

    async def owner_of(self, address: str) -> Contact | None:
        """Return the stored contact with an address, whatever it is merged into."""
        async with database_errors():
            document = await self._contacts.find_one({"addresses": address_key(address)})
        return to_contact(document) if document else None

    async def get(self, wanted_id: str) -> Person:
        """Return the person that a contact is, or that it was merged into.

        Raises:
            UnknownContactError: No contact has this id, and no mail either.
        """
        return await self._person(await self.get_contact(wanted_id))

    async def get_contact(self, wanted_id: str) -> Contact:
        """Return a contact as it is by itself, whatever it is merged into.

        Raises:
            UnknownContactError: No contact has this id, and no mail either.
        """
        async with database_errors():
            document = await self._contacts.find_one({"_id": wanted_id})
        found = to_contact(document) if document else await self._known_from_mails(wanted_id)
        if found is None:
            raise UnknownContactError(wanted_id)
        return found

    async def mails(self, whose: Person, *, before: str, limit: int) -> list[Interaction]:
        """Return a page of a person's mails in both directions, the newest first, without texts.

        `before` is the last id of the page before, "" for the first page.
        """
        wanted: Document = {"contact_id": {"$in": sorted(whose.mail_ids)}}
        return await newest_mails(self._interactions, wanted, limit=limit, before=before)

    async def _met(self, key: str, address: str, name: str, *, makes: bool) -> _Owner | None:
        sender = _Sender(key, contact_id(address))
        for _ in range(_TRIES):
            owner = await self._owners(sender)
            if owner is not None:
                if makes and name and name not in owner.contact.names:
                    await self._learn(owner.contact, name)
                return owner
            if not makes:
                return None
            made = Contact(
                sender.presumed_id,
                (key,),
                names=(name,) if name else (),
                made_at=self._clock.now(),
            )
            try:
                await self._hints.insert_one(to_document(made))
            except DuplicateKeyError:
                continue  # Another process has made it at this moment.
            return _Owner(made, has_parts=False)
        raise ContactUnknownError(f"contact {sender.presumed_id} exists without this address")

    async def _read_owners(self, senders: Sequence[_Sender]) -> Sequence[_Owner | None]:
        """Read the contacts of several senders, and whether any is merged into them, in one query.

        Most contacts have the id that follows from their address and no parts.
        """
        wanted = {"addresses": {"$in": [one.key for one in senders]}}
        parts = {"merged_into": {"$in": [one.presumed_id for one in senders]}}
        most = len(senders) + _MOST_TOGETHER
        is_cut = False
        with pymongo.timeout(_PATIENCE_SECONDS):
            for query in ({"$or": [wanted, parts]}, wanted):
                found = await self._read(query, most)
                if len(found) < most:
                    break
                is_cut = True
        by_address = {address: one for one in found for address in one.addresses}
        whole = {one.merged_into for one in found}
        return [
            _Owner(owner, is_cut or owner.id != one.presumed_id or owner.id in whole)
            if (owner := by_address.get(one.key))
            else None
            for one in senders
        ]

    async def _read(self, wanted: Document, most: int) -> list[Contact]:
        found = await self._contacts.find(wanted).limit(most).batch_size(most).to_list()
        return [to_contact(document) for document in found]

    async def _learn(self, contact: Contact, name: str) -> None:
        kept = {"$each": [name], "$slice": -MOST_NAMES}
        await self._hints.update_one(
            {"_id": contact.id, "names": {"$ne": name}}, {"$push": {"names": kept}}
        )

    async def _person(self, contact: Contact) -> Person:
        async with database_errors():
            for one in [one async for one in self._above(contact)]:
                contact = one
            return Person(contact, tuple([one async for one in self._below(contact)]))

    async def _above(self, contact: Contact) -> AsyncIterator[Contact]:
        """Yield the contact that one is merged into, and so on up to the last one."""
        for _ in range(_MOST_READ):
            if contact.merged_into is None:
                return
            document = await self._contacts.find_one({"_id": contact.merged_into})
            if document is None:
                return
            contact = to_contact(document)
            yield contact

    async def _below(self, contact: Contact) -> AsyncIterator[Contact]:
        """Yield the contacts that are merged into one, and so on down to the last ones."""
        into: Sequence[str] = [contact.id]
        count = 0
        while into and count < _MOST_READ:
            found = (
                await self._contacts.find({"merged_into": {"$in": into}})
                .limit(_MOST_READ - count)
                .to_list()
            )
            for document in found:
                yield to_contact(document)
            into = [document["_id"] for document in found]
            count += len(into)

    async def _known_from_mails(self, wanted_id: str) -> Contact | None:
        """Return a contact of which an earlier release kept nothing but the id in its mails."""
        wanted = {"contact_id": wanted_id}
        found = await newest_mails(self._interactions, wanted, limit=_LATEST)
        for mail in found:
            sender = mail.mail.sender
            if mail.direction is Direction.INBOUND and sender:
                key, name = address_key(sender.address), learned_name(sender.personal)
                names = (name,) if name else ()
                return Contact(wanted_id, await self._if_free(key), names, version=0)
        return Contact(wanted_id, version=0) if found else None

    async def _if_free(self, key: str) -> tuple[str, ...]:
        """Return an address, unless another spelling of it belongs to a contact."""
        async with database_errors():
            taken = not key or await self._contacts.find_one({"addresses": key}, {"_id": 1})
        return () if taken else (key,)


def address_key(address: str) -> str:
    """Return the form in which contacts have an address; "" if it is none, or too long for one."""
    key = person(address)
    try:
        return key if len(key.encode()) <= LONGEST_ADDRESS else ""
    except UnicodeEncodeError:
        return ""
