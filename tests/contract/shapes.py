"""The form of fields whose values a test cannot predict."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class TextMatching:
    """Equal to every text of a shape."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None

    def __hash__(self) -> int:
        return hash(self.pattern)


class PositiveInteger:
    """Equal to every whole number above zero."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and not isinstance(other, bool) and other > 0

    def __hash__(self) -> int:
        return 1


ID = TextMatching(r"[0-9A-Za-z]{16}")
MOMENT = TextMatching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NUMBER = PositiveInteger()

CUSTOMER = {
    "Subject": "Invoice 17",
    "To": "support@demo.example",
    "Mailbox": "support@demo.example",
    "FromAddress": "ann@example.org",
    "FromPersonal": "Ann",
    "EmailAddress": "ann@example.org",
    "ContactId": ID,
    "Origination_Source": "Email",
    "_ContainsAttachment": "false",
    "_AttachmentsSize": "0",
    "_AttachmentFileNames": "",
    "Header_Content-Type": TextMatching("text/plain.*"),
    "Header_MIME-Version": "1.0",
}
"""What is known of the customer's mail beside its words."""

INBOUND = ["Transfer", "Reply", "ReplyAll", "StopProcessing", "PlaceInQueue", "PlaceInWorkbin"]
OUTBOUND = ["Cancel", "Send", "PlaceInWorkbin", "UpdateProperties", "LinkAttachment"]


def told(interaction_id: Any, state: str, kind: str = "StatusChange") -> dict[str, Any]:
    """Return what every message of an interaction has."""
    return {
        "messageTypeName": "InteractionStateMessage",
        "messageType": "InteractionStateMessage",
        "id": interaction_id,
        "channel": "email",
        "state": state,
        "notificationType": kind,
        "sequence": NUMBER,
        "position": NUMBER,
    }


def heading(interaction_id: Any, subject: str = "Invoice 17") -> dict[str, Any]:
    """Return what a message shows of a mail that it only names."""
    return {"subject": subject, "Subject": subject, "interactionId": interaction_id}


def gone(interaction_id: Any, state: str, subject: str = "Invoice 17") -> dict[str, Any]:
    """Return the whole message of a mail that has left the desk."""
    return {
        **told(interaction_id, state),
        "email_object": heading(interaction_id, subject),
        "capabilities": [],
    }


def accepted(interaction_id: Any, kind: str = "StatusChange", **more: Any) -> dict[str, Any]:
    """Return the whole message of the customer's mail on its owner's desk."""
    return {
        **told(interaction_id, "Accepted", kind),
        "email_object": {
            **heading(interaction_id),
            "ToAddress": "support@demo.example",
            "FromAddress": "ann@example.org",
            "CCAddresses": "",
            "Text": "Hello\nbye",
            "StructuredText": "",
            "MimeType": "text/plain",
            "StructuredTextMimeType": "text/html",
            "TheComment": "",
            "ContactID": ID,
            "attachments": [],
        },
        "interactionType": "Email",
        "interactionSubType": "InboundNew",
        "userData": CUSTOMER,
        "currentQueue": "support",
        "inQueues": {},
        "outQueues": {},
        "receivedAt": MOMENT,
        "capabilities": [*INBOUND, "UpdateProperties"],
        "extendedCapabilities": ["Forward", "Redirect", "AddComment", "SetDisposition"],
        "direction": "Inbound",
        "threadId": ID,
        **more,
    }


def reply_created(
    interaction_id: Any, kind: str = "StatusChange", mail: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the whole message of a draft on its author's desk."""
    return {
        **told(interaction_id, "ReplyCreated", kind),
        "email_object": {
            **heading(interaction_id, "Re: Invoice 17"),
            "ToAddress": "ann@example.org",
            "FromAddress": "support@demo.example",
            "CCAddresses": "",
            "Text": "",
            "StructuredText": "",
            "MimeType": "text/plain",
            "StructuredTextMimeType": "text/html",
            "attachments": [],
            **(mail or {}),
        },
        "interactionType": "Email",
        "interactionSubType": "OutboundReply",
        "receivedAt": MOMENT,
        "capabilities": OUTBOUND,
        "extendedCapabilities": [
            "Save",
            "Transfer",
            "PlaceInQueue",
            "AddComment",
            "SetDisposition",
        ],
        "userData": {},
        "currentQueue": "drafts",
        "direction": "Outbound",
        "parentInteractionId": ID,
        "threadId": ID,
        **more,
    }
