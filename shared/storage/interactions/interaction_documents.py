"""Maps interactions to documents; no other module names their fields in the database."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from shared.domain.interaction import (
    Address,
    Attachment,
    Email,
    Exclusion,
    Interaction,
    Invitation,
    MissedOffer,
    Place,
)
from shared.domain.lifecycle import Direction, State
from shared.domain.queue_rank import needs_key
from shared.domain.text_sections import Kind, Section
from shared.storage.database.client import Document

_NAMES: Final = tuple(field.name for field in fields(Interaction) if field.name != "id")

_MAIL_NAMES: Final = frozenset(field.name for field in fields(Email))
_NESTED: Final[Mapping[type, tuple[str, ...]]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Address, Attachment, Email, Exclusion, Invitation, MissedOffer, Place, Section)
}
"""The names of the fields of each class that is stored as a document inside another one."""

_STORED_AS_THEY_ARE: Final = frozenset({str, int, bool, float, datetime, type(None)})

_SEARCHED_TEXT: Final = "searched_text"
_SEARCHED_FROM: Final = 8_000
"""Characters of a text from which its searched words are taken."""
_SEARCHED_WORDS: Final = 300
_SEARCHED_CHARACTERS: Final = 3_000
"""Each different word is a key of the index. MongoDB 6.0 works the keys of all indexes out anew at
each change of the interaction, and writes them all when it is accepted and when it is finished."""

SEARCHED_FIELDS: Final = (
    "mail.subject",
    "mail.sender.address",
    "mail.sender.personal",
    "mail.to.address",
    "mail.to.personal",
    "mail.cc.address",
    "mail.cc.personal",
    _SEARCHED_TEXT,
)
"""The fields in which words are looked for: of the text its first words, which are stored apart."""

WITHOUT_TEXT: Final[Document] = {
    "mail.text": 0,
    "mail.html": 0,
    "mail.sections": 0,
    _SEARCHED_TEXT: 0,
}
"""A projection without the text of the mail, for services that do not need it."""

IS_INCOMPLETE: Final[Document] = {_SEARCHED_TEXT: None}
"""Matches the documents of an earlier release."""

COMPLETING: Final[list[Document]] = [
    {
        "$set": {
            _SEARCHED_TEXT: {
                "$substrCP": [{"$ifNull": ["$mail.text", ""]}, 0, _SEARCHED_CHARACTERS]
            },
            # Without a rank a mail has no priority and no needs either.
            "rank": {"$ifNull": ["$rank", "$queued_at"]},
            "needs_key": {"$ifNull": ["$needs_key", ""]},
        }
    }
]
"""The update that adds what an earlier release did not store, as `to_document` makes it.

The words are not made different in it: those of the first 3,000 characters are searched.
"""


def to_document(interaction: Interaction) -> Document:
    """Return the fields to store, `_id` among them."""
    return (
        {"_id": interaction.id}
        | {name: _plain(getattr(interaction, name)) for name in _NAMES}
        | _order(interaction)
        | {_SEARCHED_TEXT: _searched(interaction.mail.text)}
    )


def changed_fields(before: Interaction, after: Interaction) -> Document:
    """Return the fields for `$set` that turn `before` into `after`.

    The mail is compared field by field, so that the text stays stored if it was not read.
    """
    changed: Document = {
        name: _plain(getattr(after, name))
        for name in _NAMES
        if name != "mail" and getattr(before, name) != getattr(after, name)
    }
    order = _order(after)
    changed |= {name: order[name] for name, value in _order(before).items() if value != order[name]}
    for field in fields(Email):
        value = getattr(after.mail, field.name)
        if value != getattr(before.mail, field.name):
            changed[f"mail.{field.name}"] = _plain(value)
    if "mail.text" in changed:
        changed[_SEARCHED_TEXT] = _searched(after.mail.text)
    return changed


def to_interaction(document: Document) -> Interaction:
    """Return the snapshot that a document holds."""
    values = {name: document[name] for name in _NAMES if name in document}
    return Interaction(
        id=document["_id"],
        **values
        | {
            "direction": Direction(values["direction"]),
            "state": State(values["state"]),
            "mail": _to_mail(values["mail"]),
            "invitation": Invitation(**values["invitation"]) if values["invitation"] else None,
            "place": Place(**place) if (place := values.get("place")) else None,
            "excluded": tuple(Exclusion(**one) for one in values["excluded"]),
            "branches": tuple(values.get("branches", ())),
            "missed": tuple(MissedOffer(**one) for one in values.get("missed", ())),
        },
    )


def _searched(text: str) -> str:
    """Return the first different words of a text, each once."""
    words = dict.fromkeys(text[:_SEARCHED_FROM].split())
    return " ".join(islice(words, _SEARCHED_WORDS))[:_SEARCHED_CHARACTERS]


def _order(interaction: Interaction) -> Document:
    """Return the fields by which routing finds waiting mails; they follow from others."""
    return {"rank": interaction.rank, "needs_key": needs_key(interaction.needs)}


def _to_mail(stored: Document) -> Email:
    sender = stored["sender"]
    # A newer release may have stored more.
    known = {name: value for name, value in stored.items() if name in _MAIL_NAMES}
    return replace(
        Email(),
        **known
        | {
            "sender": Address(**sender) if sender else None,
            "references": tuple(stored["references"]),
            "warnings": tuple(stored.get("warnings", ())),
            "sections": tuple(_to_section(one) for one in stored.get("sections", ())),
            "attachments": tuple(Attachment(**one) for one in stored["attachments"]),
        }
        | {
            name: tuple(Address(**one) for one in stored[name])
            for name in ("reply_to", "to", "cc", "bcc")
        },
    )


def _to_section(stored: Document) -> Section:
    return Section(Kind(stored["kind"]), stored["start"], stored["end"])


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _STORED_AS_THEY_ARE:
        return value
    if kind is tuple:
        return [_plain(one) for one in value]
    if kind in _NESTED:
        return {name: _plain(getattr(value, name)) for name in _NESTED[kind]}
    if isinstance(value, (Direction, Kind, State)):
        return value.value
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return dict(value) if hasattr(value, "keys") else value
