"""The checker finds each fault on its own, and nothing where there is none."""

from dataclasses import replace

import pytest

from tests.support.record_checker import Fault, Finding, Inbound, Reply, RunRecord, SentMail, check

INBOUND = Inbound("in", "<m>", "completed", ("a1",))
REPLY = Reply("out", "in", "<r>", "sent", "SENT")
DEPARTED = SentMail("<r>", "<m>")
FINE = RunRecord(
    answers={"<m>": ["lost", "250"]},
    arrivals={"a1": "<m>"},
    inbound=[INBOUND],
    replies=[REPLY],
    sent_mails=[DEPARTED],
    told={"in": frozenset({"Invited", "Completed"}), "out": frozenset({"Sent"})},
)


def test_nothing_is_found_where_every_promise_was_kept() -> None:
    assert check(FINE) == []


def test_a_mail_that_was_never_accepted_may_be_nowhere() -> None:
    assert check(RunRecord(answers={"<m>": ["lost", "451"]})) == []


def test_a_mail_that_was_stored_without_an_answer_may_be_answered() -> None:
    assert check(replace(FINE, answers={"<m>": ["lost"]})) == []


def test_a_copy_that_was_noted_is_accounted_for() -> None:
    noted = replace(INBOUND, arrivals=("a1", "a2"))
    record = replace(FINE, arrivals={"a1": "<m>", "a2": "<m>"}, inbound=[noted])

    assert check(record) == []


def test_an_uncertain_reply_may_have_left_or_not() -> None:
    reply = replace(REPLY, state="uncertain", journal="UNCERTAIN")
    record = replace(FINE, replies=[reply], told={**FINE.told, "out": frozenset({"Uncertain"})})

    assert check(record) == []
    assert check(replace(record, sent_mails=[])) == []


@pytest.mark.parametrize(
    ("record", "fault", "about"),
    [
        (RunRecord(answers={"<m>": ["250"]}), Fault.LOST, "<m>"),
        (replace(FINE, inbound=[INBOUND, INBOUND]), Fault.DUPLICATED, "<m>"),
        (replace(FINE, answers={}), Fault.UNEXPECTED, "<m>"),
        (replace(FINE, arrivals={"a1": "<m>", "a2": "<m>"}), Fault.UNACCOUNTED, "<m>"),
        (replace(FINE, inbound=[replace(INBOUND, state="queued")]), Fault.UNFINISHED, "<m>"),
        (replace(FINE, replies=[], sent_mails=[]), Fault.UNANSWERED, "<m>"),
        (
            replace(FINE, replies=[REPLY, replace(REPLY, id="2", message_id="<2>")]),
            Fault.ANSWERED_TWICE,
            "<m>",
        ),
        (
            replace(FINE, sent_mails=[DEPARTED, SentMail("<2>", "<m>")]),
            Fault.ANSWERED_TWICE,
            "<m>",
        ),
        (replace(FINE, sent_mails=[DEPARTED, DEPARTED]), Fault.SENT_TWICE, "<r>"),
        (replace(FINE, sent_mails=[DEPARTED, SentMail("<x>", "<y>")]), Fault.UNEXPECTED, "<x>"),
        (replace(FINE, sent_mails=[]), Fault.NOT_SENT, "<r>"),
        (replace(FINE, replies=[replace(REPLY, journal="DEFERRED")]), Fault.DISAGREES, "<r>"),
        (replace(FINE, replies=[replace(REPLY, state="sending")]), Fault.UNFINISHED, "<r>"),
        (replace(FINE, told={"in": frozenset({"Completed"})}), Fault.UNTOLD, "out"),
    ],
)
def test_each_fault_is_found(record: RunRecord, fault: Fault, about: str) -> None:
    assert Finding(fault, about) in check(record)


def test_the_totals_are_told_in_one_line() -> None:
    assert FINE.summary() == (
        "1 mails handed in, tries {'lost': 1, '250': 1}, 1 stored, 1 interactions, "
        "replies {'sent': 1}, 1 mails left"
    )
