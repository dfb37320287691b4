"""The table of states and steps of a delivery."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.domain.deliveries.delivery import (
    STEP_FOR,
    TRANSITIONS,
    Delivery,
    DeliveryState,
    Recipient,
    RecipientState,
    Step,
    resolved,
    states_before,
)

ENDS = [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.CANCELED]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_mail_may_be_claimed_until_its_dot_is_offered() -> None:
    claimable = set(states_before(Step.CLAIM))

    assert claimable == {DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.CLAIMED}


def test_a_mail_in_a_session_is_not_canceled() -> None:
    assert set(states_before(Step.CANCEL)) == {DeliveryState.QUEUED, DeliveryState.DEFERRED}


def test_only_a_claimed_mail_comes_to_the_dot() -> None:
    assert states_before(Step.OFFER_DOT) == (DeliveryState.CLAIMED,)


def test_only_a_mail_at_the_dot_is_ever_doubted() -> None:
    assert states_before(Step.DOUBT) == (DeliveryState.DOT_PENDING,)


def test_restore_makes_unfinished_deliveries_uncertain() -> None:
    unended = set(DeliveryState) - {*ENDS, DeliveryState.UNCERTAIN}

    assert set(states_before(Step.MISTRUST)) == unended


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_written_after_the_end(end: DeliveryState) -> None:
    assert [state for state, _ in TRANSITIONS if state is end] == []


def test_a_doubt_is_ended_by_an_operator_or_a_late_answer() -> None:
    entries = {entry for state, entry in TRANSITIONS if state is DeliveryState.UNCERTAIN}
    of_operator = {Step.RESEND, Step.CONFIRM, Step.DENY}

    assert entries == of_operator | {Step.ACCEPT, Step.FAIL}
    assert all(states_before(entry) == (DeliveryState.UNCERTAIN,) for entry in of_operator)
    assert not of_operator & set(STEP_FOR.values())


@pytest.mark.parametrize(
    ("sent", "state", "receptions", "reason"),
    [
        (True, DeliveryState.SENT, ["accepted", "failed"], "b@x.example: 550 unknown"),
        (
            False,
            DeliveryState.FAILED,
            ["failed", "failed"],
            "a@x.example: found out by an operator; ",
        ),
    ],
)
def test_an_operator_ends_a_doubt_for_those_it_was_about(
    sent: bool,
    state: DeliveryState,
    receptions: list[str],
    reason: str,
) -> None:
    refused = Recipient("b@x.example", RecipientState.FAILED, 550, "unknown")
    doubtful = Delivery(
        "1", "agent1", "<1@x>", "s@x.example", (Recipient("a@x.example"), refused), NOW
    )

    ending = resolved(replace(doubtful, state=DeliveryState.UNCERTAIN), NOW, sent=sent)

    assert (ending.state, [one.state for one in ending.recipients]) == (state, receptions)
    assert ending.reason.startswith(reason)
    assert ending.recipients[1] == refused


def test_every_conclusion_has_its_entry() -> None:
    for state, entry in STEP_FOR.items():
        assert {TRANSITIONS[before, entry] for before in states_before(entry)} == {state}
