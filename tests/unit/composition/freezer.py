"""Freezes mails in whatever Python runs this file: JSON in, JSON out.

Each mail is an object with some of subject, personal, address, name, media_type, content_id, id.
"""

import base64
import json
import sys
from datetime import UTC, datetime

from services.composition.rendering.header_fields import UnsendableMailError
from services.composition.rendering.renderer import layout
from shared.domain.interaction import Address, Attachment, Email

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def frozen(given: dict[str, str]) -> list[str] | None:
    """Return the octets of a mail in pieces; None where it is refused."""
    attachment = Attachment(
        "1",
        given.get("name", "a.pdf"),
        3,
        given.get("media_type", "application/pdf"),
        given.get("content_id", ""),
    )
    personal, one_id = given.get("personal", ""), given.get("id", "<1@example.org>")
    mail = Email(
        subject=given.get("subject", "Hello"),
        sender=Address("support@demo.example", personal),
        to=(Address(given.get("address", "ann@example.org"), personal),),
        cc=(Address("bob@example.org", personal),),
        text="Hello",
        html='<img src="cid:x">',
        message_id="<reply@demo.example>",
        in_reply_to=one_id,
        references=(one_id, "<0@example.org>"),
    )
    try:
        pieces = layout(mail, AT, attached=[attachment], shown=[attachment])
    except UnsendableMailError:
        return None
    octets = [one if isinstance(one, bytes) else b"" for one in pieces]
    return [base64.b64encode(one).decode() for one in octets]


if __name__ == "__main__":
    print(json.dumps([frozen(one) for one in json.load(sys.stdin)]))
