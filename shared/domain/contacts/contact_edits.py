"""The fields of a contact that people change, with their bounds. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from shared.domain.contacts.contact import LONGEST_NAME, MOST_ADDRESSES, Contact
from shared.domain.storable_text import storable

MOST_GROUPS: Final = 20
MOST_ATTRIBUTES: Final = 50
LONGEST_KEY: Final = 64
LONGEST_VALUE: Final = 1000
FOR_AGENTS: Final = frozenset({"name", "language", "attributes"})
"""Fields that agents may change. The others decide to whom mail belongs, and what becomes of it."""

FOR_ADMINS: Final = frozenset({"addresses", "groups", "blocked"})

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}|")
_GROUP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ContactValueError(ValueError):
    """A value is not possible; the text says what is."""


def edited(before: Contact, fields: Mapping[str, Any]) -> Contact:
    """Return a contact with some fields changed: those of `FOR_AGENTS` and `FOR_ADMINS`.

    Addresses are in their normal form, "" for what is none.

    Raises:
        ContactValueError: A value has another type than the field, or is too large.
    """
    changes: dict[str, Any] = {}
    for name, value in fields.items():
        match name, value:
            case "name", str():
                changes["name"] = _line("name", value, LONGEST_NAME)
            case "language", str() if _LANGUAGE.fullmatch(value):
                changes["language"] = value
            case "attributes", dict():
                changes["attributes"] = _attributes(value)
            case "addresses", list():
                changes["addresses"] = _addresses(before, value)
            case "groups", list():
                changes["groups"] = _groups(value)
            case "blocked", bool():
                changes["is_blocked"] = value
            case _:
                raise ContactValueError(f"{name} has to be {_FORMS[name]}")
    return replace(before, **changes)


_FORMS: Final[Mapping[str, str]] = {
    "name": "a text",
    "language": "a language tag such as de or pt-BR, or empty",
    "attributes": "an object of texts",
    "addresses": "a list of addresses",
    "groups": "a list of names",
    "blocked": "true or false",
}


def _line(name: str, value: str, longest: int) -> str:
    if len(value) > longest or storable(value, longest) != value:
        raise ContactValueError(f"{name} has to be one line of at most {longest} characters")
    return value


def _attributes(value: Mapping[str, Any]) -> Mapping[str, str]:
    if len(value) > MOST_ATTRIBUTES:
        raise ContactValueError(f"there are at most {MOST_ATTRIBUTES} attributes")
    for key, text in value.items():
        # It becomes the name of a field in the database.
        if not _GROUP.fullmatch(key):
            raise ContactValueError(
                "the name of an attribute has at most 64 letters, digits, hyphens and underscores"
            )
        if not isinstance(text, str) or len(text) > LONGEST_VALUE:
            raise ContactValueError(
                f"attribute {key} has to be a text of at most {LONGEST_VALUE} characters"
            )
    return dict(value)


def _addresses(before: Contact, wanted: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(wanted))
    if not all(found):
        raise ContactValueError("one of the addresses is none: it looks like ann@example.org")
    if len(found) > MOST_ADDRESSES:
        raise ContactValueError(f"a contact has at most {MOST_ADDRESSES} addresses")
    # The contact's id follows from it, and so do the ids of mails (see `Contact.mail_ids`).
    if found[:1] != before.addresses[:1]:
        raise ContactValueError(
            f"the first address stays: {', '.join(before.addresses[:1]) or 'this contact has none'}"
        )
    return found


def _groups(value: Sequence[Any]) -> tuple[str, ...]:
    if len(value) > MOST_GROUPS:
        raise ContactValueError(f"a contact is in at most {MOST_GROUPS} groups")
    if not all(isinstance(one, str) and _GROUP.fullmatch(one) for one in value):
        raise ContactValueError(
            "the name of a group has at most 64 letters, digits, hyphens and underscores"
        )
    return tuple(dict.fromkeys(value))
