"""The `email_object` of a request: the fields of a mail to change (seed 001)."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, Field, WithJsonSchema

from services.gateway.errors import refused
from services.gateway.http.json_body import Body
from services.gateway.operations.parameters.addresses import read_address, read_addresses
from services.gateway.operations.parameters.email_object_keys import (
    Spelled,
    by_field,
    chosen,
    ignored_keys,
    require_known,
)
from services.gateway.operations.parameters.model import Parameters
from services.gateway.operations.senders import name_beside
from shared.contracts.commands import DraftEdits, MailAddress
from shared.contracts.contact_center import ContactCenter
from shared.domain.interaction import LONGEST_SUBJECT, Address, Email

NOTHING: Final = Email()
"""The draft of a mail that begins with the request."""

_NAMES: Final = {
    "to": "toAddress",
    "cc": "ccAddress",
    "bcc": "bccAddress",
    "sender": "fromAddress",
}
_WORDS: Final = ("text", "html", "body")
_PLAIN: Final = "text/plain"

Read = TypeVar("Read")


class MailParameters(Parameters):
    """A mail as the agent wrote it, under either of its names."""

    # `x-shape` names a schema of the API's description.
    email_object: Annotated[dict[str, Any], WithJsonSchema({"x-shape": "Mail"})] | None = Field(
        default=None, validation_alias=AliasChoices("email_object", "email")
    )

    @property
    def mail(self) -> Mapping[str, Any]:
        """The mail; empty where none came."""
        return self.email_object or {}


def edits_in(
    wanted: MailParameters, contact_center: ContactCenter, drafted: Email = NOTHING
) -> DraftEdits:
    """Return the changes to a draft. A sender without a name gets the one of the contact center.

    Raises:
        RequestError: As for `read_edits`, or the sender is not an address of the contact center.
    """
    edits = read_edits(wanted.mail, drafted)
    sender = edits.sender
    if sender is None:
        return edits
    if not contact_center.owns(sender.address):
        raise refused(
            "fromAddress is not an address of this contact center: GET /me/senders lists them"
        )
    if sender.personal:
        return edits
    named = sender.model_copy(update={"personal": name_beside(sender.address, contact_center)})
    return edits.model_copy(update={"sender": named})


def ignored_in(
    wanted: MailParameters, shown: Mapping[str, object] = MappingProxyType({})
) -> dict[str, object]:
    """Return the field of an answer that names changed keys that no edit changes, if any.

    `shown` is the mail as messages show it, empty for one that begins with the request.
    """
    ignored = ignored_keys(wanted.mail, shown)
    return {"ignoredKeys": ignored} if ignored else {}


def compares_words(body: Body) -> bool:
    """Say whether the text of the draft is needed to find the change among several texts."""
    mail = body.get("email_object") or body.get("email")
    given = by_field(mail) if isinstance(mail, Mapping) else {}
    return sum(len(given.get(field, ())) for field in _WORDS) > 1


def read_edits(mail: Mapping[str, object], drafted: Email = NOTHING) -> DraftEdits:
    """Return the changes that an `email_object` asks for; fields that it leaves out stay.

    Raises:
        RequestError: An address, a text or a key is not valid, or two spellings of one field ask
            for different changes.
    """
    require_known(mail)
    given = by_field(mail)
    _require_whole(mail, given)
    texts, pages = _words(given)
    return DraftEdits(
        to=changed_addresses(_addresses(given, "to"), drafted.to),
        cc=changed_addresses(_addresses(given, "cc"), drafted.cc),
        bcc=changed_addresses(_addresses(given, "bcc"), drafted.bcc),
        sender=_changed_sender(given.get("sender", {}), drafted.sender),
        subject=_changed(_each(given.get("subject", {}), _subject), drafted.subject),
        text=_changed(texts, drafted.text),
        html=_changed(pages, drafted.html),
    )


def changed_addresses(
    spelled: Mapping[str, list[MailAddress]], drafted: Sequence[Address]
) -> list[MailAddress] | None:
    """Return the changed addresses among several spellings of one field; None where none came.

    Messages show addresses without names, so an address without a name counts as unchanged.
    """

    def is_drafted(several: list[MailAddress]) -> bool:
        return [one.address for one in several] == [one.address for one in drafted] and all(
            one.personal in ("", before.personal)
            for one, before in zip(several, drafted, strict=True)
        )

    return chosen(spelled, is_drafted) if spelled else None


def _changed(spelled: Mapping[str, str], drafted: str) -> str | None:
    return chosen(spelled, lambda text: text == drafted) if spelled else None


def _changed_sender(spelled: Spelled, drafted: Address | None) -> MailAddress | None:
    read = _each(spelled, lambda value: read_address(value, _NAMES["sender"]))
    senders = {key: [sender] for key, sender in read.items() if sender is not None}
    found = changed_addresses(senders, [drafted] if drafted else [])
    return found[0] if found else None


def _addresses(given: Mapping[str, Spelled], field: str) -> dict[str, list[MailAddress]]:
    return _each(given.get(field, {}), lambda value: read_addresses(value, _NAMES[field]))


def _each(spelled: Spelled, read: Callable[[object], Read]) -> dict[str, Read]:
    return {key: read(value) for key, value in spelled.items()}


def _subject(value: object) -> str:
    if not isinstance(value, str) or any(mark in value for mark in "\r\n\0"):
        raise refused("subject has to be a text on one line")
    if len(value) > LONGEST_SUBJECT:
        raise refused(f"subject has more than {LONGEST_SUBJECT} characters")
    return value


def _words(given: Mapping[str, Spelled]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the plain texts and the HTML texts; the kind of a `body` decides which it is."""
    texts = _each(given.get("text", {}), _text)
    pages = _each(given.get("html", {}), _text)
    bodies = _each(given.get("body", {}), _text)
    if bodies:
        (pages if "html" in _kind(given).lower() else texts).update(bodies)
    return texts, pages


def _kind(given: Mapping[str, Spelled]) -> str:
    """Return the media type of a body. Beside a `Text`, `MimeType` describes that text instead."""
    kinds = _each(given.get("mime", {}), str)
    if "text" in given:
        kinds = {key: kind for key, kind in kinds.items() if key.lower() != "mimetype"}
    return chosen(kinds, lambda kind: kind == _PLAIN) if kinds else "text/html"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise refused("the words of a mail have to be a text")
    return value


def _require_whole(mail: Mapping[str, object], given: Mapping[str, Spelled]) -> None:
    """Return if a mail that was cut to fit a message does not replace the whole one.

    Raises:
        RequestError: It would replace texts by their beginnings.
    """
    if mail.get("truncated") is True and any(given.get(field) for field in _WORDS):
        advice = "leave its words out, or read all of them with GET /me/interactions/{id}"
        raise refused(f"this email_object came truncated: {advice}")
