"""The meaning of the server's answers for each recipient."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.outbound.smtp.smtp_outcome import outcome_of, recipients_before_dot, uncertain_outcome
from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.domain.deliveries.delivery import (
    Conclusion,
    Delivery,
    DeliveryState,
    Recipient,
    RecipientState,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
YES = Reply(250, "ok")
LATER_PLEASE = Reply(450, "4.7.1 later")
NO = Reply(550, "5.1.1 unknown")


def a_delivery(*recipients: Recipient) -> Delivery:
    return Delivery("i1", "agent1", "<1@x>", "us@x", recipients, NOW, attempt=1)


def to(*names: str) -> Delivery:
    return a_delivery(*(Recipient(name) for name in names))


def states(conclusion: Conclusion) -> list[str]:
    return [one.state.value for one in conclusion.recipients]


def test_all_are_reached() -> None:
    end = outcome_of(
        to("a", "b"), Transmission(Phase.DOT, {"a": YES, "b": YES}, YES), now=NOW, retry_at=LATER
    )

    assert (end.state, states(end), end.reason) == (
        DeliveryState.SENT,
        ["accepted", "accepted"],
        "",
    )
    assert end.next_attempt_at is None


def test_only_the_deferred_is_tried_again() -> None:
    end = outcome_of(
        to("a", "b"),
        Transmission(Phase.DOT, {"a": YES, "b": LATER_PLEASE}, YES),
        now=NOW,
        retry_at=LATER,
    )

    assert (end.state, states(end)) == (DeliveryState.DEFERRED, ["accepted", "deferred"])
    assert (end.reason, end.next_attempt_at) == ("b: 450 4.7.1 later", LATER)


def test_refused_recipient_leaves_the_mail_to_the_others() -> None:
    end = outcome_of(
        to("a", "b"), Transmission(Phase.DOT, {"a": YES, "b": NO}, YES), now=NOW, retry_at=LATER
    )

    assert (end.state, states(end)) == (DeliveryState.SENT, ["accepted", "failed"])
    assert end.reason == "b: 550 5.1.1 unknown"


def test_mail_with_one_accepted_recipient_is_sent() -> None:
    before = a_delivery(
        Recipient("a", RecipientState.ACCEPTED, 250, "ok", NOW),
        Recipient("b", RecipientState.DEFERRED),
    )

    end = outcome_of(before, Transmission(Phase.RCPT, {"b": NO}), now=NOW, retry_at=LATER)

    assert (end.state, states(end)) == (DeliveryState.SENT, ["accepted", "failed"])


def test_mail_without_accepted_recipient_fails() -> None:
    end = outcome_of(to("a"), Transmission(Phase.RCPT, {"a": NO}), now=NOW, retry_at=LATER)

    assert (end.state, states(end)) == (DeliveryState.FAILED, ["failed"])


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA, Phase.DOT])
def test_a_final_no_fails_the_mail_from_mail_onwards(phase: Phase) -> None:
    answers = {} if phase is Phase.MAIL else {"a": YES}

    end = outcome_of(to("a"), Transmission(phase, answers, NO), now=NOW, retry_at=LATER)

    assert end.state is DeliveryState.FAILED


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA, Phase.DOT])
def test_a_temporary_no_defers_it(phase: Phase) -> None:
    end = outcome_of(to("a"), Transmission(phase, {}, LATER_PLEASE), now=NOW, retry_at=LATER)

    assert end.state is DeliveryState.DEFERRED


def test_a_route_that_refuses_us_keeps_the_mail() -> None:
    end = outcome_of(to("a"), Transmission(Phase.CONNECT, {}, NO), now=NOW, retry_at=LATER)

    assert end.state is DeliveryState.DEFERRED


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DOT])
def test_a_connection_lost_before_the_dot_defers(phase: Phase) -> None:
    end = outcome_of(
        to("a"), Transmission(phase, {"a": YES}, fault="gone"), now=NOW, retry_at=LATER
    )

    assert (end.state, end.reason) == (DeliveryState.DEFERRED, "a: gone")


@pytest.mark.parametrize("reply", [None, Reply(-1, "garbage"), Reply(354, "what")])
def test_a_dot_without_an_answer_is_uncertain(reply: Reply | None) -> None:
    sent = Transmission(Phase.DOT, {"a": YES, "b": LATER_PLEASE, "c": NO}, reply)

    end = outcome_of(to("a", "b", "c"), sent, now=NOW, retry_at=LATER)

    assert (end.state, states(end)) == (DeliveryState.UNCERTAIN, ["pending", "deferred", "failed"])


def test_a_route_may_ask_for_one_more_try_after_a_doubt_and_only_one() -> None:
    sent = Transmission(Phase.DOT, {"a": YES})

    first = outcome_of(to("a"), sent, now=NOW, retry_at=LATER, resend=True)
    second = outcome_of(replace(to("a"), resent=True), sent, now=NOW, retry_at=LATER, resend=True)

    assert (first.state, first.resent, first.next_attempt_at) == (
        DeliveryState.DEFERRED,
        True,
        LATER,
    )
    assert second.state is DeliveryState.UNCERTAIN


def test_an_abandoned_dot_is_held() -> None:
    assert uncertain_outcome(to("a"), NOW, None).state is DeliveryState.UNCERTAIN


def test_after_the_last_try_the_deferred_have_failed() -> None:
    end = outcome_of(to("a"), Transmission(Phase.RCPT, {"a": LATER_PLEASE}), now=NOW, retry_at=None)

    assert (end.state, states(end)) == (DeliveryState.FAILED, ["failed"])
    assert end.reason == "a: 450 4.7.1 later"


def test_replies_to_rcpt_are_known_before_the_dot() -> None:
    known = recipients_before_dot(to("a", "b", "c"), {"a": YES, "b": LATER_PLEASE, "c": NO}, NOW)

    assert [one.state.value for one in known] == ["pending", "deferred", "failed"]
