"""Send (seed 001): what the agent wrote, under every spelling that clients use for it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import Field

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.addresses import read_address, read_addresses
from services.gateway.operations.asked import OK, Asked, Order, refused
from services.gateway.operations.parameters import (
    Flag,
    OneLine,
    Parameters,
    by_lower_name,
    read,
    require_queue,
)
from shared.contracts.commands import DraftEdits, MailAddress, SubmitDraft
from shared.contracts.contact_center import ContactCenter
from shared.domain.interaction import LONGEST_SUBJECT, Email

_SPELLINGS: Final = {
    "to": ("to", "toaddress", "toaddresses"),
    "cc": ("cc", "ccaddress", "ccaddresses"),
    "bcc": ("bcc", "bccaddress", "bccaddresses"),
    "sender": ("from", "fromaddress"),
    "subject": ("subject",),
    "text": ("text", "bodyasplaintext"),
    "html": ("structuredtext",),
    "body": ("body",),
    "mime": ("mime", "mimetype"),
}
_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
)


class MailParameters(Parameters):
    """What the agent wrote, under either of its names."""

    email_object: dict[str, Any] | None = None
    email: dict[str, Any] | None = None

    @property
    def mail(self) -> Mapping[str, Any]:
        """What the agent wrote, if anything."""
        return self.email_object if self.email_object is not None else self.email or {}


class SendParameters(MailParameters):
    """The seed's parameters; without a mail the draft is sent as it stands."""

    queue: OneLine = Field(default="", alias="queueName")
    complete_parent: Flag = Field(default=False, alias="completeParent")


def prepare_send(asked: Asked) -> Order:
    """Hand a draft over for delivery, with what the agent changed."""
    wanted = read(SendParameters, asked.body)
    if wanted.queue:
        require_queue(wanted.queue, asked.contact_center)
    edits = edits_in(wanted, asked.contact_center)
    _require_recipient(edits, asked.interaction.mail)
    if wanted.complete_parent and asked.interaction.parent_id is None:
        raise refused("completeParent is for a mail that answers another one")
    command = SubmitDraft(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        queue=wanted.queue,
        edits=edits,
        complete_parent=wanted.complete_parent,
    )
    return Order(command, OK)


def edits_in(wanted: MailParameters, contact_center: ContactCenter) -> DraftEdits:
    """Return the changes to a draft, from an address that is ours.

    Raises:
        RequestError: An address or a text is not what it has to be.
    """
    edits = read_edits(wanted.mail)
    _require_own(edits.sender, contact_center)
    return edits


def read_edits(mail: Mapping[str, object]) -> DraftEdits:
    """Return the changes that an `email_object` asks for; what it leaves out stays.

    Raises:
        RequestError: An address or a text is not what it has to be.
    """
    given = by_lower_name(mail, _ALIASES)
    bodies = _bodies(given)
    return DraftEdits(
        to=_addresses(given, "to", "toAddress"),
        cc=_addresses(given, "cc", "ccAddress"),
        bcc=_addresses(given, "bcc", "bccAddress"),
        sender=read_address(given["sender"], "fromAddress") if "sender" in given else None,
        subject=_subject(given),
        text=bodies.get("text"),
        html=bodies.get("html"),
    )


def _addresses(given: Mapping[str, object], key: str, name: str) -> list[MailAddress] | None:
    return read_addresses(given[key], name) if key in given else None


def _subject(given: Mapping[str, object]) -> str | None:
    subject = given.get("subject")
    if subject is None:
        return None
    if not isinstance(subject, str) or any(mark in subject for mark in "\r\n\0"):
        raise refused("subject has to be a text on one line")
    if len(subject) > LONGEST_SUBJECT:
        raise refused(f"subject has more than {LONGEST_SUBJECT} characters")
    return subject


def _bodies(given: Mapping[str, object]) -> dict[str, str]:
    bodies = {key: given[key] for key in ("text", "html") if key in given}
    if "body" in given:
        is_html = "html" in str(given.get("mime", "text/html")).lower()
        bodies.setdefault("html" if is_html else "text", given["body"])
    texts = {key: one for key, one in bodies.items() if isinstance(one, str)}
    if len(texts) != len(bodies):
        raise refused("the words of a mail have to be a text")
    return texts


def _require_recipient(edits: DraftEdits, draft: Email) -> None:
    recipients = (
        *(draft.to if edits.to is None else edits.to),
        *(draft.cc if edits.cc is None else edits.cc),
        *(draft.bcc if edits.bcc is None else edits.bcc),
    )
    if not recipients:
        raise RequestError(Situation.PARAMETER_MISSING, "a mail needs at least one recipient")


def _require_own(sender: MailAddress | None, contact_center: ContactCenter) -> None:
    if sender is not None and not contact_center.owns(sender.address):
        raise refused("fromAddress is not an address of this contact center")
