"""A mail as Context Services show it, by the schemas of seed 004."""

from dataclasses import replace

import pytest

from services.gateway.wire.context_services import Contents, email_interaction, owner_number
from shared.domain.interaction import Address
from shared.domain.lifecycle import Direction, State
from tests.unit.domain.examples import LATER, inbound

CONTENTS = Contents("http://host/api/v2", 1234)


def test_email_in_has_every_field_that_is_known() -> None:
    mail = inbound(thread_id="ROOT", contact_id="0000HA8S2A7X000N", user_data={"a": 1})
    mail = replace(mail, mail=replace(mail.mail, html="<p>Hello</p>", sent_at=LATER))

    assert email_interaction(mail, None, CONTENTS) == {
        "from": {"address": "ann@example.org", "personal": "Ann"},
        "to": [{"address": "support@demo.example"}],
        "cc": [],
        "sent_date": "2026-03-02T09:00:30.000Z",
        "customer_id": "0000HA8S2A7X000N",
        "interaction_id": "00009A8T8Y130123",
        "status": 1,
        "entity_type": 0,
        "type": "Inbound",
        "sub_type": "InboundNew",
        "media_type": "email",
        "thread_id": "ROOT",
        "external_id": "<1@example.org>",
        "creator_app_id": 1,
        "start_date": "2026-03-02T09:00:00.000Z",
        "allow_children": True,
        "subject": "Invoice 17",
        "text": "Hello\nbye",
        "structured_text": "http://host/api/v2/ucs/interactions/00009A8T8Y130123/structured_text",
        "structured_text_mime": "text/html",
        "binary_content": "http://host/api/v2/ucs/interactions/00009A8T8Y130123/binary_content",
        "binary_content_mime": "message/rfc822",
        "binary_content_size": 1234,
        "udata": {"a": 1},
    }


def test_email_out_has_blind_copies_and_its_own_kind() -> None:
    draft = inbound(direction=Direction.OUTBOUND, subtype="OutboundReply", state=State.SENT)
    draft = replace(draft, mail=replace(draft.mail, bcc=(Address("boss@example.org"),)))

    fields = email_interaction(draft, LATER, CONTENTS)

    assert (fields["entity_type"], fields["type"]) == (1, "Outbound")
    assert fields["bcc"] == [{"address": "boss@example.org"}]
    assert (fields["status"], fields["stopped_reason"]) == (3, "Sent")
    assert fields["end_date"] == "2026-03-02T09:00:30.000Z"


def test_reader_without_right_sees_no_blind_copies() -> None:
    draft = inbound(direction=Direction.OUTBOUND, subtype="OutboundReply", state=State.SENT)
    draft = replace(draft, mail=replace(draft.mail, bcc=(Address("boss@example.org"),)))

    assert "boss" not in str(email_interaction(draft, LATER, None))


def test_a_root_is_its_own_thread() -> None:
    assert email_interaction(inbound(), None, None)["thread_id"] == "00009A8T8Y130123"


def test_reader_without_right_sees_no_text() -> None:
    fields = email_interaction(inbound(), None, None)

    assert not {"text", "structured_text", "binary_content"} & set(fields)


@pytest.mark.parametrize("direction", list(Direction))
def test_reader_without_right_sees_no_message_id(direction: Direction) -> None:
    mail = inbound(direction=direction)
    mail = replace(mail, mail=replace(mail.mail, in_reply_to="<17>", references=("<17>",)))

    for contents, names in ((None, set()), (CONTENTS, {"external_id"})):
        fields = email_interaction(mail, None, contents)
        assert {"external_id"} & set(fields) == names
        assert ("17>" in str(fields)) is False
        assert ("reference_id" in fields) is (
            contents is not None and direction is Direction.OUTBOUND
        )


def test_a_reader_sees_which_mails_are_perhaps_related() -> None:
    contents = Contents("http://host/api/v2", None, ["00009A8T8Y130100"])

    assert email_interaction(inbound(), None, contents)["perhaps_related"] == ["00009A8T8Y130100"]
    assert "perhaps_related" not in email_interaction(inbound(), None, CONTENTS)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_number(state: State) -> None:
    status = email_interaction(inbound(state=state), None, None)["status"]

    assert status in (0, 1, 2, 3)


def test_an_agents_number_is_always_the_same() -> None:
    assert owner_number("e62d21e405a04274bd6bbcaf78bd8c38") == 0xE62D21E
    assert owner_number("agent1") == owner_number("agent1")
    assert owner_number(None) is None
