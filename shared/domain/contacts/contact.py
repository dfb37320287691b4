"""A contact: somebody who writes to us, under one or several addresses."""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

MOST_ADDRESSES: Final = 10
MOST_NAMES: Final = 10
MOST_MERGED: Final = 15
"""Contacts that are merged into one. Its mails are found by all their ids at once, which the
database does by index for at most 200 (`internalQueryMaxScansToExplode`)."""

LONGEST_NAME: Final = 200
LONGEST_ADDRESS: Final = 320
"""Octets of an address: local part, @ and domain at their longest (RFC 5321 section 4.5.3.1)."""

_ID_DIGITS: Final = 16
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge into another contact: when it was made and by whom, and who undid it if anybody."""

    into: str
    at: datetime
    by: str
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact.

    `addresses` are in the normal form of `shared.mail.threads.person`, the one that it was made
    for first. `names` are those that its mails showed, the newest last; `name` is one that
    somebody gave by hand. Mail of a blocked contact is offered to nobody. A contact that is merged
    keeps all of this, and is read as a part of the one that it is `merged_into`. Version 0 means
    that it is not stored: only mails of an older release know it.
    """

    id: str
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    name: str = ""
    language: str = ""
    groups: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    is_blocked: bool = False
    merged_into: str | None = None
    merges: tuple[Merge, ...] = ()
    version: int = 1
    made_at: datetime | None = None

    @property
    def mail_ids(self) -> frozenset[str]:
        """The contact ids that its mails may have.

        A mail has the id that follows from its address where nobody could be asked for the
        contact, and so has mail to an address of it.
        """
        return frozenset((self.id, *map(contact_id, self.addresses)))


def was_known(contact: Contact | None, moment: datetime) -> bool:
    """Say whether somebody had written before a moment; the first mail makes the contact."""
    return contact is not None and (contact.made_at is None or contact.made_at < moment)


@dataclass(frozen=True, slots=True)
class Person:
    """A contact that is merged into no other, and those that are merged into it."""

    contact: Contact
    merged: tuple[Contact, ...] = ()

    @property
    def everybody(self) -> tuple[Contact, ...]:
        """All contacts that this person is, the one that stands for them first."""
        return (self.contact, *self.merged)

    @property
    def mail_ids(self) -> frozenset[str]:
        """The contact ids of this person's mails."""
        return frozenset().union(*(one.mail_ids for one in self.everybody))

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses, those of the contact itself first."""
        return tuple(dict.fromkeys(address for one in self.everybody for address in one.addresses))

    @property
    def is_blocked(self) -> bool:
        """Say whether mail of this person is offered to nobody: one blocked contact is enough."""
        return any(one.is_blocked for one in self.everybody)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the mails showed, those of the contact itself first."""
        return tuple(dict.fromkeys(name for one in self.everybody for name in one.names))

    @property
    def name(self) -> str:
        """The name to show: one given by hand, else the newest of the mails, else ""."""
        given = (one.name for one in self.everybody)
        learned = (one.names[-1] for one in self.everybody if one.names)
        return next(filter(None, (*given, *learned)), "")


def contact_id(address: str) -> str:
    """Return the contact id that follows from an address; the same for every mail from it."""
    digest = hashlib.sha256(address.lower().encode(errors="surrogatepass")).hexdigest()
    return digest[:_ID_DIGITS].upper()


def learned_name(shown: str) -> str:
    """Return the name that a mail shows beside its sender, fit to be kept; "" if it is none.

    A name with an @ is an address, often another one than the sender's.
    """
    printable = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in shown)
    name = " ".join(printable[: 2 * LONGEST_NAME].split())[:LONGEST_NAME].strip("'\" ")
    return "" if "@" in name else name
