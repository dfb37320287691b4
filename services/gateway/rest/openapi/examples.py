"""One example of each message, built by the code that builds the real ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from services.gateway.http.api_root import PREFIX
from services.gateway.operations.request import EXAMPLE_ID
from services.gateway.wire.channels import READY, channel_state_message
from services.gateway.wire.emails import email_message
from services.gateway.wire.fields import Fields
from services.gateway.wire.mailboxes import mailbox_state_message
from services.gateway.wire.messages import (
    in_workbin,
    inbound,
    invited,
    no_longer_held,
    outbound,
    with_sequence,
    without_text,
    workbin_items,
)
from services.gateway.wire.states import NOT_HELD
from services.gateway.wire.workbins import change_message, content_message
from shared.domain.interaction import (
    Address,
    Attachment,
    Email,
    Interaction,
    Invitation,
    Place,
)
from shared.domain.lifecycle import Direction, State
from shared.domain.mailbox_health import Fault, FolderFacts
from shared.storage.mails.mailbox_store import StoredFolder, StoredMailbox

MAIL_ID: Final = "00009A8T8Y130123"
DRAFT_ID: Final = EXAMPLE_ID
CONTACT_ID: Final = "0000HA8S2A7X000N"
MERGED_CONTACT_ID: Final = "438C4C7AFE600CDF"
USER_ID: Final = "e62d21e405a04274bd6bbcaf78bd8c38"
DOCUMENT_ID: Final = "00009A8T8Y13002S"

_NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_PLACE: Final = Place("email.in-progress", "agent1")
_WAITING: Final = Interaction(
    id=MAIL_ID,
    direction=Direction.INBOUND,
    subtype="InboundNew",
    state=State.QUEUED,
    queue="support",
    received_at=_NOON,
    queued_at=_NOON,
    contact_id=CONTACT_ID,
    thread_id=MAIL_ID,
    version=2,
    mail=Email(
        subject="Invoice 17",
        sender=Address("ann@example.org", "Ann"),
        to=(Address("support@demo.example"),),
        cc=(Address("bob@example.org"),),
        text="Is it paid?",
        html="<p>Is it paid?</p>",
        attachments=(Attachment(DOCUMENT_ID, "invoice.pdf", 48_213, "application/pdf"),),
    ),
    user_data={"Subject": "Invoice 17", "FromAddress": "ann@example.org"},
)
_OFFERED: Final = replace(
    _WAITING,
    state=State.INVITED,
    invitation=Invitation("agent1", _NOON + timedelta(seconds=30)),
    version=3,
)
_ACCEPTED: Final = replace(_WAITING, state=State.ACCEPTED, owner_id="agent1", version=4)
_KEPT: Final = replace(_WAITING, state=State.IN_WORKBIN, place=_PLACE, version=5)
_DRAFT: Final = replace(
    _ACCEPTED,
    id=DRAFT_ID,
    direction=Direction.OUTBOUND,
    subtype="OutboundReply",
    state=State.REPLY_CREATED,
    queue="drafts",
    parent_id=MAIL_ID,
    version=1,
    mail=Email(
        subject="Re: Invoice 17",
        sender=Address("support@demo.example"),
        to=(Address("ann@example.org", "Ann"),),
        text="Ann wrote:\n> Is it paid?",
    ),
    user_data={},
)


def _gone(state: str, interaction: Interaction, position: int, reason: str = "") -> Fields:
    message = no_longer_held(interaction.id, interaction.mail.subject, state)
    fields = with_sequence(message, interaction.version + 1) | {"position": position}
    return fields | {"reason": reason} if reason else fields


def _refused(reason: str) -> Fields:
    message = no_longer_held(MAIL_ID, _WAITING.mail.subject, NOT_HELD)
    fields = with_sequence(
        message, 5, "Error", operationName="Accept", reason=reason, errorDescription=reason
    )
    return fields | {"position": 23}


_NEW_DRAFT: Final = with_sequence(outbound(_DRAFT, longest=None), 1) | {"position": 14}

IN_STATE: Final[Mapping[str, Fields]] = MappingProxyType(
    {
        "Queued": with_sequence(without_text(_WAITING, with_user_data=False), 2),
        "Invited": with_sequence(invited(_OFFERED), 3) | {"position": 12},
        "Accepted": with_sequence(inbound(_ACCEPTED, longest=None), 4) | {"position": 13},
        "InWorkbin": with_sequence(in_workbin(_KEPT), 5),
        "Completed": _gone("Completed", _ACCEPTED, 17),
        "ReplyCreated": _NEW_DRAFT,
        "Sending": _gone("Sending", _DRAFT, 15, reason="451 4.3.0 come back later"),
        "Sent": _gone("Sent", _DRAFT, 16),
        "Uncertain": _gone("Uncertain", _DRAFT, 16),
        "Canceled": _gone("Canceled", _DRAFT, 16),
        "Revoked": _gone("Revoked", _OFFERED, 18),
        "Rejected": _gone("Rejected", _OFFERED, 19),
        "PlacedInQueue": _gone("PlacedInQueue", _ACCEPTED, 20),
        "PlacedInWorkbin": _gone("PlacedInWorkbin", _ACCEPTED, 21),
        "Transferred": _gone("Transferred", _ACCEPTED, 22),
        NOT_HELD: _refused("Accept is not possible in state Accepted"),
    }
)

EMAIL: Final = email_message(_NEW_DRAFT)
CHANNEL: Final = channel_state_message(READY) | {"position": 11}
_MAILBOX: Final = "support@demo.example"
_REFUSED: Final = Fault(
    "refused", "the server refuses the login", "run `mailroom authorize support`", needs_person=True
)
_INBOX: Final = StoredFolder(
    _MAILBOX,
    "INBOX",
    FolderFacts(_NOON, faults=1, fault=_REFUSED),
    uid_validity=7,
    uid=4711,
    last_look_at=_NOON,
)
MAILBOX_STATE: Final = mailbox_state_message(StoredMailbox(_MAILBOX, (_INBOX,)), _NOON, PREFIX)
WORKBIN_CHANGE: Final = change_message("ItemAdded", _PLACE, with_sequence(in_workbin(_KEPT), 5)) | {
    "position": 21
}
WORKBIN_CONTENT: Final = content_message(_PLACE, workbin_items([_KEPT])) | {"position": 24}
