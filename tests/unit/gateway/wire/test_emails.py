"""The messages of release 8.5.2."""

from dataclasses import replace

import pytest

from services.gateway.wire.emails import email_message
from services.gateway.wire.messages import for_holder, no_longer_held, with_sequence
from shared.domain.interaction import Address, Attachment, Interaction
from shared.domain.lifecycle import Direction, State
from tests.unit.domain.examples import inbound

PDF = Attachment("00009A8T8Y13002S", "scan.pdf", 9, "application/pdf")


def accepted() -> Interaction:
    mail = inbound()
    return replace(
        mail,
        state=State.ACCEPTED,
        owner_id="agent1",
        contact_id="c0",
        user_data={"a": 1},
        mail=replace(mail.mail, cc=(Address("bo@example.org"),), attachments=(PDF,)),
    )


def test_an_accepted_mail_is_processing_with_all_of_its_fields() -> None:
    message = with_sequence(for_holder(accepted(), longest=None), 3)

    told = email_message(message)

    email = told["email"]
    assert isinstance(email, dict)
    assert told["messageType"] == "EmailStateChangeMessage"
    assert (told["notificationType"], told["sequence"]) == ("StatusChange", 3)
    assert email.pop("receivedDate").endswith("+0000")
    assert email == {
        "id": message["id"],
        "uri": f"/api/v2/me/interactions/{message['id']}",
        "state": "Processing",
        "emailType": "Inbound",
        "contactId": "c0",
        "from": "ann@example.org",
        "to": ["support@demo.example"],
        "cc": ["bo@example.org"],
        "subject": "Invoice 17",
        "body": "Hello\nbye",
        "bodyAsPlainText": "Hello\nbye",
        "mime": "text/plain",
        "attachments": [
            {
                "id": PDF.id,
                "name": "scan.pdf",
                "size": 9,
                "mime": "application/pdf",
                "uri": f"/api/v2/me/interactions/{message['id']}/attachments/{PDF.id}",
            }
        ],
        "capabilities": [
            "Transfer",
            "Reply",
            "ReplyAll",
            "Complete",
            "PlaceInQueue",
            "PlaceInWorkbin",
            "AttachUserData",
            "UpdateUserData",
            "DeleteUserData",
            "Forward",
            "Redirect",
            "AddComment",
            "SetDisposition",
        ],
        "userData": {"a": 1},
    }


def test_a_draft_is_composing() -> None:
    draft = replace(
        accepted(),
        direction=Direction.OUTBOUND,
        state=State.REPLY_CREATED,
        mail=replace(accepted().mail, html="<p>Hello</p>"),
    )

    email = email_message(for_holder(draft, longest=None))["email"]

    assert isinstance(email, dict)
    assert (email["state"], email["body"], email["mime"]) == (
        "Composing",
        "<p>Hello</p>",
        "text/html",
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("Revoked", "Revoked"),
        ("Completed", "Completed"),
        ("Sent", "Completed"),
        ("Canceled", "Completed"),
        ("Transferred", "Completed"),
        ("PlacedInQueue", "Completed"),
        ("PlacedInWorkbin", "InWorkbin"),
    ],
)
def test_mail_no_longer_held_has_only_a_heading(state: str, shown: str) -> None:
    told = email_message(with_sequence(no_longer_held("00009A8T8Y130123", "Invoice 17", state), 4))

    assert told["email"] == {
        "id": "00009A8T8Y130123",
        "uri": "/api/v2/interactions/00009A8T8Y130123",
        "state": shown,
        "subject": "Invoice 17",
        "capabilities": [],
    }
