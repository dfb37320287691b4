"""Maps contacts to documents; no other module names their fields in the database."""

from dataclasses import asdict, fields
from typing import Final

from shared.domain.contacts.contact import Contact, Merge
from shared.storage.database.client import Document

_LISTS: Final = ("addresses", "names", "groups")
_NAMES: Final = tuple(one.name for one in fields(Contact) if one.name not in ("id", "merges"))


def to_document(contact: Contact) -> Document:
    """Return the fields to store, `_id` among them.

    `merged_into` is left out where it says nothing, as its index holds only merged contacts.
    """
    values = {name: getattr(contact, name) for name in _NAMES}
    values |= {name: list(values[name]) for name in _LISTS}
    values |= {
        "attributes": dict(contact.attributes),
        "merges": [asdict(one) for one in contact.merges],
    }
    if contact.merged_into is None:
        del values["merged_into"]
    return {"_id": contact.id} | values


def to_contact(document: Document) -> Contact:
    """Return the contact that a document holds."""
    values = {name: document[name] for name in _NAMES if name in document}
    values |= {name: tuple(values.get(name, ())) for name in _LISTS}
    merges = tuple(Merge(**one) for one in document.get("merges", ()))
    return Contact(id=document["_id"], merges=merges, **values)
