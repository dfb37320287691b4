"""A `ParsedMail` as JSON, for the pipe between the child that parses and its parent.

JSON and not pickle, because a mail that takes over the child must not run code in the parent.
"""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from shared.domain.interaction import Address
from shared.domain.text_sections import Kind, Section
from shared.mail.parsed_mail import (
    AttachmentPart,
    AuthenticationField,
    ParsedMail,
    Report,
    ReportedRecipient,
)


def dump(mail: ParsedMail) -> bytes:
    """Return the mail as one JSON object."""
    fields = {
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "subject": mail.subject,
        "from_": _pairs(mail.from_),
        "reply_to": _pairs(mail.reply_to),
        "to": _pairs(mail.to),
        "cc": _pairs(mail.cc),
        "sent_at": mail.sent_at and mail.sent_at.isoformat(),
        "text": mail.text,
        "html": mail.html,
        "attachments": [_row(attachment) for attachment in mail.attachments],
        "headers": dict(mail.headers),
        "automatic": mail.automatic,
        "warnings": mail.warnings,
        "report": mail.report and asdict(mail.report),
        "sections": [(one.kind, one.start, one.end) for one in mail.sections],
        "calendar": mail.calendar,
        "authentication": [(one.hop, one.value) for one in mail.authentication],
    }
    return json.dumps(fields).encode()


def load(dumped: bytes) -> ParsedMail:
    """Return the mail that was dumped."""
    fields: dict[str, Any] = json.loads(dumped)
    for name in ("in_reply_to", "references", "warnings"):
        fields[name] = tuple(fields[name])
    for name in ("from_", "reply_to", "to", "cc"):
        fields[name] = tuple(Address(*pair) for pair in fields[name])
    fields["attachments"] = tuple(AttachmentPart(*row) for row in fields["attachments"])
    fields["sent_at"] = fields["sent_at"] and datetime.fromisoformat(fields["sent_at"])
    fields["report"] = _report(fields["report"])
    fields["sections"] = tuple(
        Section(Kind(kind), start, end) for kind, start, end in fields["sections"]
    )
    fields["authentication"] = tuple(
        AuthenticationField(*pair) for pair in fields["authentication"]
    )
    return ParsedMail(**fields)


def _report(fields: dict[str, Any] | None) -> Report | None:
    if fields is None:
        return None
    recipients = tuple(ReportedRecipient(**one) for one in fields["recipients"])
    ids = tuple(fields["returned_message_ids"])
    return Report(**fields | {"recipients": recipients, "returned_message_ids": ids})


def _pairs(addresses: tuple[Address, ...]) -> list[tuple[str, str]]:
    return [(found.address, found.personal) for found in addresses]


def _row(found: AttachmentPart) -> tuple[int, str, str, int, str | None, bool]:
    return (
        found.index,
        found.name,
        found.media_type,
        found.size,
        found.content_id,
        found.inline,
    )
