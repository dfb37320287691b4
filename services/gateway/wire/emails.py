"""The resource of release 8.5.2 on its own topic: the same news, under the names of that release.

It follows from the message of 8.5.1 alone, so that both tell the same.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.gateway.wire.mail import Fields

_NAME: Final = "EmailStateChangeMessage"
_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Accepted": "Processing",
        "ReplyCreated": "Composing",
        "Completed": "Completed",
        "Sent": "Completed",
        "Canceled": "Completed",
        "Transferred": "Completed",
        "Rejected": "Completed",
        "PlacedInQueue": "Completed",
        "PlacedInWorkbin": "InWorkbin",
    }
)
"""What goes by another name there; all others are the same."""

_OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "StopProcessing": ("Complete",),
        "UpdateProperties": ("AttachUserData", "UpdateUserData", "DeleteUserData"),
    }
)
"""Capabilities that are operations under another name."""


def email_message(message: Mapping[str, Any]) -> Fields:
    """Return what is told of an `InteractionStateMessage` to who listens for e-mails."""
    told: Fields = {
        "messageType": _NAME,
        "notificationType": message.get("notificationType", "StatusChange"),
        "email": _email(message),
    }
    more = ("errorDescription", "operationName", "sequence", "position")
    return told | {name: message[name] for name in more if name in message}


def _email(message: Mapping[str, Any]) -> Fields:
    mail: Mapping[str, Any] = message["email_object"]
    # What has left the desk is no longer one of mine.
    queries = "/me" if _capabilities(message) else ""
    fields: Fields = {
        "id": message["id"],
        "uri": f"/api/v2{queries}/interactions/{message['id']}",
        "state": _STATES.get(message["state"], message["state"]),
        "emailType": message.get("direction"),
        "contactId": mail.get("ContactID"),
        "from": mail.get("FromAddress"),
        "to": _addresses(mail.get("ToAddress")),
        "cc": _addresses(mail.get("CCAddresses")),
        "bcc": _addresses(mail.get("BCCAddresses")),
        "subject": mail["subject"],
        **_bodies(mail),
        "attachments": _attachments(mail, message["id"]),
        "receivedDate": _date(message.get("receivedAt")),
        "capabilities": _capabilities(message),
        "userData": message.get("userData"),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _bodies(mail: Mapping[str, Any]) -> Fields:
    if "Text" not in mail:
        return {}
    html = mail["StructuredText"]
    return {
        "body": html or mail["Text"],
        "bodyAsPlainText": mail["Text"],
        "mime": mail["StructuredTextMimeType"] if html else mail["MimeType"],
    }


def _addresses(joined: str | None) -> list[str] | None:
    if joined is None:
        return None
    return joined.split(",") if joined else []


def _attachments(mail: Mapping[str, Any], interaction_id: str) -> list[Fields] | None:
    if "attachments" not in mail:
        return None
    place = f"/api/v2/me/interactions/{interaction_id}/attachments"
    return [
        {name: one[name] for name in ("id", "name", "size", "mime")}
        | {"uri": f"{place}/{one['id']}"}
        for one in mail["attachments"]
    ]


def _capabilities(message: Mapping[str, Any]) -> list[str]:
    several = (*message["capabilities"], *message.get("extendedCapabilities", ()))
    return [name for one in several for name in _OPERATIONS.get(one, (one,))]


def _date(moment: str | None) -> str | None:
    """Return a moment as that release writes it, in UTC."""
    if moment is None:
        return None
    at = datetime.fromisoformat(moment)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}+0000"
