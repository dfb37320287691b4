"""The message of release 8.5.2, built from the message of 8.5.1 under that release's names."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.gateway.http.api_root import PREFIX
from services.gateway.wire.fields import EMAIL_STATE_CHANGE, Fields

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
"""States with another name in 8.5.2; the others have the same name."""

_OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "StopProcessing": ("Complete",),
        "UpdateProperties": ("AttachUserData", "UpdateUserData", "DeleteUserData"),
    }
)
"""Capabilities whose operations have other names in 8.5.2."""


def email_message(message: Mapping[str, Any]) -> Fields:
    """Return the message for the topic of e-mails, from an `InteractionStateMessage`."""
    fields: Fields = {
        "messageType": EMAIL_STATE_CHANGE,
        "notificationType": message.get("notificationType", "StatusChange"),
        "email": _email(message),
    }
    optional = ("errorDescription", "operationName", "sequence", "position")
    return fields | {name: message[name] for name in optional if name in message}


def _email(message: Mapping[str, Any]) -> Fields:
    mail: Mapping[str, Any] = message["email_object"]
    # Without capabilities the agent no longer holds it: it is not below /me.
    prefix = "/me" if _capabilities(message) else ""
    fields: Fields = {
        "id": message["id"],
        "uri": f"{PREFIX}{prefix}/interactions/{message['id']}",
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
    place = f"{PREFIX}/me/interactions/{interaction_id}/attachments"
    return [
        {name: one[name] for name in ("id", "name", "size", "mime")}
        | {"uri": f"{place}/{one['id']}"}
        for one in mail["attachments"]
    ]


def _capabilities(message: Mapping[str, Any]) -> list[str]:
    several = (*message["capabilities"], *message.get("extendedCapabilities", ()))
    return [name for one in several for name in _OPERATIONS.get(one, (one,))]


def _date(moment: str | None) -> str | None:
    """Return a time in the format of 8.5.2, in UTC."""
    if moment is None:
        return None
    at = datetime.fromisoformat(moment)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}+0000"
