"""A reply follows from the original: recipients, subject, quoting, references."""

from dataclasses import replace
from typing import Any

import pytest

from services.composition.draft_rules import NewDraft, apply_edits, draft_reply, follow_up
from services.composition.drafts import parent_completion
from shared.contracts.commands import (
    CompleteInteraction,
    DraftEdits,
    DraftReply,
    MailAddress,
    SubmitDraft,
)
from shared.contracts.contact_center import ContactCenter, Mailbox, Queue, Sender
from shared.domain.interaction import Address, Email, Interaction
from tests.unit.domain.examples import NOW, inbound

CENTER = ContactCenter(
    name="demo",
    queues=(Queue(name="support"),),
    mailboxes=(
        Mailbox(address="support@demo.example", queue="support", aliases=("help@demo.example",)),
    ),
    senders=(Sender(address="support@demo.example", personal="Demo Support"),),
)


def reply(original: Interaction, *, includes_to: bool = True, **fields: object) -> Interaction:
    command = DraftReply.model_validate(
        {
            "interaction_id": original.id,
            "agent_id": "agent1",
            "reply_id": "00009A8T8Y130124",
            "queue": "drafts",
        }
        | fields
    )
    return draft_reply(original, command, CENTER, NOW, includes_to=includes_to)


def with_mail(**fields: Any) -> Interaction:
    original = inbound()
    return replace(original, mail=replace(original.mail, **fields))


def test_reply_goes_to_the_author_from_the_receiving_address() -> None:
    draft = reply(inbound(), subject_prefix="Re: ")

    assert draft.mail.to == (Address("ann@example.org", "Ann"),)
    assert draft.mail.sender == Address("support@demo.example", "Demo Support")
    assert draft.mail.subject == "Re: Invoice 17"
    assert (draft.mail.text, draft.mail.html) == ("", "")


def test_answers_to_answers_do_not_let_the_subject_grow() -> None:
    draft = reply(with_mail(subject="x" * 998), subject_prefix="Re: ")

    assert len(draft.mail.subject) == 998
    assert draft.mail.subject.startswith("Re: x")


def test_reply_to_wins_over_from() -> None:
    draft = reply(with_mail(reply_to=(Address("billing@example.org"), Address("bo@example.org"))))

    assert draft.mail.to == (Address("billing@example.org"), Address("bo@example.org"))


def test_a_quote_has_the_start_line_and_each_line_indented() -> None:
    draft = reply(inbound(), quote_original=True, start_line="Ann wrote:", indent="> ")

    assert draft.mail.text == "Ann wrote:\n> Hello\n> bye"


def test_quoted_html_is_the_stored_safe_html() -> None:
    draft = reply(with_mail(html="<p>Hello</p>"), quote_original=True, start_line="<Ann> wrote:")

    assert draft.mail.html == (
        '<p>&lt;Ann&gt; wrote:</p><blockquote type="cite"><p>Hello</p></blockquote>'
    )


def test_quoted_text_without_html_is_escaped() -> None:
    draft = reply(with_mail(text="1 < 2\n<b>"), quote_original=True)

    assert draft.mail.html == '<blockquote type="cite">1 &lt; 2<br>&lt;b&gt;</blockquote>'


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("if x:\n    y", "if x:<br>____y"),
        (" a\n b c", "_a<br>_b c"),
        ("a   b", "a__ b"),
        ("\ta\tb", "________a______ b"),
        ("a\r\n  b", "a<br>__b"),
    ],
)
def test_quoted_text_keeps_its_indentation(written: str, quoted: str) -> None:
    draft = reply(with_mail(text=written), quote_original=True)

    shown = draft.mail.html.replace("\N{NO-BREAK SPACE}", "_")
    assert shown == f'<blockquote type="cite">{quoted}</blockquote>'


def test_quoted_tabs_do_not_exceed_the_longest_quote() -> None:
    draft = reply(with_mail(text="\t" * 100_000), quote_original=True)

    assert len(draft.mail.html) < 70_000


@pytest.mark.parametrize(
    ("includes_to", "cc"),
    [
        (True, ("bo@example.org", "cy@example.org", "di@example.org")),
        (False, ("cy@example.org", "di@example.org")),
    ],
)
def test_reply_all_copies_cc_without_our_addresses(
    *, includes_to: bool, cc: tuple[str, ...]
) -> None:
    original = with_mail(
        to=(Address("support@demo.example"), Address("bo@example.org")),
        cc=(
            Address("cy@example.org"),
            Address("HELP@demo.example"),
            Address("support+17@demo.example"),
            Address("di@example.org"),
            Address("Ann@example.org"),
        ),
    )

    draft = reply(original, includes_to=includes_to, to_all=True)

    assert draft.mail.to == (Address("ann@example.org", "Ann"),)
    assert tuple(one.address for one in draft.mail.cc) == cc


def test_a_mail_from_ourselves_is_answered_to_those_it_went_to() -> None:
    original = with_mail(
        sender=Address("support@demo.example"), to=(Address("customer@example.org"),)
    )

    assert reply(original).mail.to == (Address("customer@example.org"),)


def test_references_name_the_whole_chain() -> None:
    original = with_mail(message_id="<3@x>", in_reply_to="<2@x>", references=("<1@x>", "<2@x>"))

    draft = reply(original)

    assert draft.mail.in_reply_to == "<3@x>"
    assert draft.mail.references == ("<1@x>", "<2@x>", "<3@x>")


def test_a_long_chain_keeps_its_root_and_its_newest() -> None:
    chain = tuple(f"<{number}@x>" for number in range(40))

    draft = reply(with_mail(message_id="<40@x>", references=chain))

    assert len(draft.mail.references) == 20
    assert draft.mail.references[:2] == ("<0@x>", "<22@x>")
    assert draft.mail.references[-1] == "<40@x>"


def test_a_draft_belongs_to_the_thread_of_the_original() -> None:
    draft = reply(inbound(thread_id="ROOT"))

    assert (draft.thread_id, draft.parent_id) == ("ROOT", inbound().id)


def test_edits_replace_only_what_they_name() -> None:
    mail = Email(subject="Re: a", text="old", to=(Address("ann@example.org"),))

    after = apply_edits(mail, DraftEdits(text="new", cc=[MailAddress(address="bo@example.org")]))

    assert (after.subject, after.text, after.to) == ("Re: a", "new", mail.to)
    assert after.cc == (Address("bo@example.org"),)


def test_new_text_without_new_html_is_sent_as_text_alone() -> None:
    assert apply_edits(Email(text="old", html="<p>old</p>"), DraftEdits(text="new")).html == ""


def test_follow_up_has_the_contact_and_thread_of_its_original() -> None:
    original = replace(inbound(), contact_id="c0", thread_id="t0", mailbox="support@demo.example")
    new = NewDraft("00009A8T8Y130124", "OutboundNew", "agent1", "drafts", NOW)

    follower = follow_up(original, new, Email(subject="x"))

    assert (follower.contact_id, follower.thread_id) == ("c0", "t0")
    assert (follower.parent_id, follower.mailbox) == (original.id, "support@demo.example")


def test_new_mail_starts_a_thread() -> None:
    new = NewDraft("00009A8T8Y130124", "OutboundNew", "agent1", "drafts", NOW)

    follower = follow_up(None, new, Email(subject="x"))

    assert (follower.parent_id, follower.thread_id) == (None, new.id)


@pytest.mark.parametrize(
    ("wanted", "parent_id", "completed"),
    [(True, "00009A8T8Y130100", ["00009A8T8Y130100"]), (False, "x", []), (True, None, [])],
)
def test_a_send_ends_the_work_on_what_was_answered_where_that_is_wanted(
    parent_id: str | None, completed: list[str], *, wanted: bool
) -> None:
    command = SubmitDraft(interaction_id="1", agent_id="agent1", complete_parent=wanted)

    commands = parent_completion(replace(inbound(), parent_id=parent_id), command)

    assert commands == [
        CompleteInteraction(interaction_id=one, agent_id="agent1") for one in completed
    ]
