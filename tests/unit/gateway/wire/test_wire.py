"""The messages that agents read, field by field and byte by byte."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from services.gateway.http.answers import json_answer
from services.gateway.wire.channels import READY, channel_state_message
from services.gateway.wire.fields import timestamp
from services.gateway.wire.messages import (
    for_holder,
    for_reader,
    invited,
    no_longer_held,
    with_sequence,
    without_text,
)
from shared.domain.interaction import Address, Attachment, Email, Interaction, Invitation
from shared.domain.lifecycle import Direction, State
from shared.domain.text_sections import Kind, Section

NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)

OFFERED = Interaction(
    id="00009a8T8Y130123",
    direction=Direction.INBOUND,
    subtype="InboundNew",
    state=State.INVITED,
    queue="email-in",
    received_at=NOON,
    queued_at=NOON,
    version=2,
    invitation=Invitation("agent1", NOON),
    mail=Email(
        subject="Invoice 17",
        sender=Address("ann@example.org", "Ann"),
        to=(Address("support@demo.example"), Address("sales@demo.example")),
        cc=(Address("bob@example.org"),),
        text="Hello",
        html="<p>Hello</p>",
        attachments=(Attachment("00009A8T8Y13002S", "a.pdf", 9, "application/pdf"),),
    ),
    user_data={"Subject": "Invoice 17", "FromAddress": "ann@example.org"},
)
ACCEPTED = replace(
    OFFERED,
    state=State.ACCEPTED,
    invitation=None,
    owner_id="agent1",
    contact_id="0000Ha8S2A7X000N",
    comment="urgent",
)
DRAFT = replace(
    ACCEPTED,
    direction=Direction.OUTBOUND,
    subtype="OutboundReply",
    state=State.REPLY_CREATED,
    parent_id="00009a8T8Y130123",
)


def as_json(message: object) -> str:
    return json.dumps(message, separators=(",", ":"))


def test_an_invitation_is_the_documented_message_and_its_expiry() -> None:
    message = invited(OFFERED)

    assert as_json(message) == (
        '{"messageTypeName":"InteractionStateMessage","messageType":"InteractionStateMessage",'
        '"id":"00009a8T8Y130123","channel":"email",'
        '"email_object":{"subject":"Invoice 17","Subject":"Invoice 17",'
        '"interactionId":"00009a8T8Y130123"},'
        '"interactionType":"Email","interactionSubType":"InboundNew",'
        '"userData":{"Subject":"Invoice 17","FromAddress":"ann@example.org"},'
        '"currentQueue":"email-in","state":"Invited","capabilities":["Accept","Reject"],'
        '"inviteExpiresAt":"2026-03-02T12:00:00.250Z",'
        '"extendedCapabilities":["ExtendInvitation"],"direction":"Inbound"}'
    )


def test_a_mail_that_has_gone_names_itself_and_allows_nothing() -> None:
    assert as_json(with_sequence(no_longer_held("1", "Invoice 17", "Revoked"), 3)) == (
        '{"messageTypeName":"InteractionStateMessage","messageType":"InteractionStateMessage",'
        '"id":"1","channel":"email",'
        '"email_object":{"subject":"Invoice 17","Subject":"Invoice 17","interactionId":"1"},'
        '"state":"Revoked","capabilities":[],"sequence":3,"notificationType":"StatusChange"}'
    )


def test_accepted_mail_has_all_fields_in_order_of_the_seed() -> None:
    message = for_holder(ACCEPTED, longest=None)

    assert list(message) == [
        "messageTypeName",
        "messageType",
        "id",
        "channel",
        "email_object",
        "interactionType",
        "interactionSubType",
        "userData",
        "currentQueue",
        "inQueues",
        "outQueues",
        "receivedAt",
        "state",
        "capabilities",
        "extendedCapabilities",
        "direction",
    ]
    assert message["email_object"] == {
        "ToAddress": "support@demo.example,sales@demo.example",
        "FromAddress": "ann@example.org",
        "CCAddresses": "bob@example.org",
        "Subject": "Invoice 17",
        "Text": "Hello",
        "StructuredText": "<p>Hello</p>",
        "MimeType": "text/plain",
        "StructuredTextMimeType": "text/html",
        "TheComment": "urgent",
        "ContactID": "0000Ha8S2A7X000N",
        "attachments": [
            {
                "id": "00009A8T8Y13002S",
                "name": "a.pdf",
                "size": 9,
                "mimetype": "application/pdf",
                "mime": "application/pdf",
            }
        ],
        "subject": "Invoice 17",
        "interactionId": "00009a8T8Y130123",
    }
    assert message["receivedAt"] == "2026-03-02T12:00:00.250Z"
    assert as_json(message["capabilities"]) == (
        '["Transfer","Reply","ReplyAll","StopProcessing","PlaceInQueue","PlaceInWorkbin",'
        '"UpdateProperties"]'
    )
    assert message["extendedCapabilities"] == [
        "Forward",
        "Redirect",
        "AddComment",
        "SetDisposition",
    ]


def test_a_draft_is_shown_in_the_order_of_the_seed() -> None:
    message = for_holder(DRAFT, longest=None)

    assert list(message)[4:9] == [
        "email_object",
        "interactionType",
        "interactionSubType",
        "receivedAt",
        "state",
    ]
    assert (message["interactionSubType"], message["state"]) == ("OutboundReply", "ReplyCreated")
    assert message["parentInteractionId"] == "00009a8T8Y130123"
    assert as_json(message["capabilities"]) == (
        '["Cancel","Send","PlaceInWorkbin","UpdateProperties","LinkAttachment"]'
    )
    assert message["extendedCapabilities"] == [
        "Save",
        "Transfer",
        "PlaceInQueue",
        "AddComment",
        "SetDisposition",
    ]


def test_blind_copies_are_shown_to_their_author() -> None:
    draft = replace(DRAFT, mail=replace(DRAFT.mail, bcc=(Address("eve@example.org"),)))

    email_object = for_holder(draft, longest=None)["email_object"]

    assert isinstance(email_object, dict)
    assert email_object["BCCAddresses"] == "eve@example.org"


def test_warnings_of_the_parser_are_shown() -> None:
    odd = replace(ACCEPTED, mail=replace(ACCEPTED.mail, warnings=("encrypted", "tnef")))

    email_object = for_holder(odd, longest=None)["email_object"]

    assert isinstance(email_object, dict)
    assert email_object["Warnings"] == ["encrypted", "tnef"]


def test_sections_count_as_javascript_does() -> None:
    text = "\U0001f600 Yes\n> No?"
    sections = (Section(Kind.NEW, 0, 6), Section(Kind.QUOTED, 6, 11))
    answer = replace(ACCEPTED, mail=replace(ACCEPTED.mail, text=text, sections=sections))

    whole = for_holder(answer, longest=None)["email_object"]
    beginning = for_holder(answer, longest=8)["email_object"]

    assert isinstance(whole, dict)
    assert isinstance(beginning, dict)
    assert whole["Sections"] == [
        {"kind": "new", "start": 0, "length": 7},
        {"kind": "quoted", "start": 7, "length": 5},
    ]
    assert beginning["Sections"][1] == {"kind": "quoted", "start": 7, "length": 2}


def test_sections_are_left_out_where_all_is_new() -> None:
    mail = replace(ACCEPTED.mail, text="Yes", sections=(Section(Kind.NEW, 0, 3),))

    email_object = for_holder(replace(ACCEPTED, mail=mail), longest=None)["email_object"]

    assert isinstance(email_object, dict)
    assert "Sections" not in email_object


def test_verdict_on_the_sender_is_shown_with_its_reason() -> None:
    mail = replace(ACCEPTED.mail, authenticated=False, authentication="DMARC failed for a.example")

    email_object = for_holder(replace(ACCEPTED, mail=mail), longest=None)["email_object"]

    assert isinstance(email_object, dict)
    assert email_object["Authenticated"] == "false"
    assert email_object["AuthenticatedBecause"] == "DMARC failed for a.example"


def test_a_text_too_long_for_a_message_is_cut_and_said_to_be() -> None:
    email_object = for_holder(ACCEPTED, longest=3)["email_object"]

    assert isinstance(email_object, dict)
    assert (email_object["Text"], email_object["StructuredText"]) == ("Hel", "")
    assert email_object["truncated"] is True


def test_user_data_never_holds_bytes() -> None:
    data = {"a": b"\0", "b": {"c": b"\0", "d": [1, b"\0", NOON]}}

    message = for_holder(replace(ACCEPTED, user_data=data), longest=None)

    assert message["userData"] == {"b": {"d": [1, "2026-03-02T12:00:00.250Z"]}}


def test_watched_interaction_has_no_capabilities() -> None:
    assert for_reader(ACCEPTED, longest=None)["capabilities"] == []


def test_an_outline_has_no_words() -> None:
    email_object = without_text(ACCEPTED, with_user_data=False)["email_object"]

    assert isinstance(email_object, dict)
    assert not {"Text", "StructuredText", "attachments"} & email_object.keys()


def test_moments_are_written_in_utc_with_milliseconds() -> None:
    assert timestamp(NOON) == "2026-03-02T12:00:00.250Z"


def test_the_channel_is_told_by_the_documented_ids() -> None:
    ready = {
        "id": "9430250E-0A1B-421F-B372-F29E69366DED",
        "displayName": "Ready",
        "state": "Ready",
    }

    message = channel_state_message(READY)

    assert message == {
        "messageType": "ChannelStateChangeMessageV2",
        "channels": [{"channel": "email", "userState": ready}],
    }


def test_text_that_is_not_unicode_is_still_json() -> None:
    answer = json_answer({"x": "\udce4"})

    assert json.loads(bytes(answer.body)) == {"x": "\udce4"}
