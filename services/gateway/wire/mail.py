"""The `email_object` of messages: a mail as JSON for agents (seeds 001 and 003)."""

from collections.abc import Sequence
from typing import Final

from services.gateway.wire.fields import Fields
from shared.domain.interaction import Address, Attachment, Interaction
from shared.domain.text_sections import Kind

LONGEST_TEXT: Final = 262_144
"""Characters of one body in a message; longer ones are cut.

A session's queue has room for several such messages, unless they are mostly emoji. An empty queue
accepts one oversized message.
"""


def heading(interaction_id: str, subject: str) -> Fields:
    """Return the `email_object` of a message that only names the mail."""
    return {"subject": subject, "Subject": subject, "interactionId": interaction_id}


def addresses(several: Sequence[Address]) -> str:
    """Return addresses as one string, joined by commas."""
    return ",".join(one.address for one in several)


def written(interaction: Interaction, *, longest: int | None = LONGEST_TEXT) -> Fields:
    """Return addresses, subject and bodies. A body longer than `longest` is cut (`truncated`)."""
    mail = interaction.mail
    fields: Fields = {
        "ToAddress": addresses(mail.to),
        "FromAddress": mail.sender.address if mail.sender else "",
        "CCAddresses": addresses(mail.cc),
        "Subject": mail.subject,
        **_bodies(mail.text, mail.html, longest),
    }
    if mail.bcc:
        fields["BCCAddresses"] = addresses(mail.bcc)
    return fields


def received(interaction: Interaction, *, longest: int | None = LONGEST_TEXT) -> Fields:
    """Return the mail of an inbound interaction, with comment, contact, files and warnings."""
    return {
        **written(interaction, longest=longest),
        "TheComment": interaction.comment,
        "ContactID": interaction.contact_id or "",
        **attached(interaction),
        **_sections(interaction, longest),
        **_warned(interaction),
        **_proven(interaction),
        **_named(interaction),
    }


def draft(interaction: Interaction, *, longest: int | None = LONGEST_TEXT) -> Fields:
    """Return the mail of an outbound interaction."""
    noted: Fields = {"TheComment": interaction.comment} if interaction.comment else {}
    return {
        **written(interaction, longest=longest),
        **noted,
        **attached(interaction),
        **_named(interaction),
    }


def attached(interaction: Interaction) -> Fields:
    """Return the list of attachments."""
    return {"attachments": [_document(one) for one in interaction.mail.attachments]}


def _document(attachment: Attachment) -> Fields:
    fields: Fields = {
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "mimetype": attachment.media_type,
        "mime": attachment.media_type,
    }
    # The HTML refers to the file by this name (`cid:`, RFC 2392).
    return fields | {"contentId": attachment.content_id} if attachment.content_id else fields


def _warned(interaction: Interaction) -> Fields:
    warnings = interaction.mail.warnings
    return {"Warnings": list(warnings)} if warnings else {}


def _sections(interaction: Interaction, longest: int | None) -> Fields:
    """Return the sections of the text that is shown, in UTF-16 units as JavaScript counts them.

    They are left out where all of it is new.
    """
    text = interaction.mail.text[:longest]
    found: list[Fields] = []
    start = 0
    for one in interaction.mail.sections:
        length = len(text[one.start : one.end].encode("utf-16-le", "surrogatepass")) // 2
        if length:
            found.append({"kind": one.kind.value, "start": start, "length": length})
        start += length
    is_all_new = all(one["kind"] == Kind.NEW for one in found)
    return {} if is_all_new else {"Sections": found}


def _proven(interaction: Interaction) -> Fields:
    mail = interaction.mail
    if not mail.authentication:
        return {}
    said = {True: "true", False: "false", None: "unknown"}[mail.authenticated]
    return {"Authenticated": said, "AuthenticatedBecause": mail.authentication}


def _named(interaction: Interaction) -> Fields:
    return {"subject": interaction.mail.subject, "interactionId": interaction.id}


def _bodies(text: str, html: str, longest: int | None) -> Fields:
    fits = longest is None or max(len(text), len(html)) <= longest
    # A cut HTML document would be broken: it is left out, and the client reads it over REST.
    structured = html if longest is None or len(html) <= longest else ""
    fields: Fields = {
        "Text": text[:longest],
        "StructuredText": structured,
        "MimeType": "text/plain",
        "StructuredTextMimeType": "text/html",
    }
    return fields if fits else fields | {"truncated": True}
