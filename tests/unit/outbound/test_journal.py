"""The table of the journal."""

import pytest

from shared.domain.delivery import ENTRY_FOR, TRANSITIONS, Entry, Journal, states_before


def test_a_mail_may_be_claimed_as_long_as_its_dot_was_not_offered() -> None:
    claimable = set(states_before(Entry.CLAIM))

    assert claimable == {Journal.QUEUED, Journal.DEFERRED, Journal.CLAIMED}


def test_only_a_claimed_mail_comes_to_the_dot() -> None:
    assert states_before(Entry.OFFER_DOT) == (Journal.CLAIMED,)


def test_only_a_mail_at_the_dot_is_ever_doubted() -> None:
    assert states_before(Entry.DOUBT) == (Journal.DOT_PENDING,)


@pytest.mark.parametrize("end", [Journal.SENT, Journal.FAILED, Journal.UNCERTAIN])
def test_nothing_is_written_after_the_end(end: Journal) -> None:
    assert [state for state, _ in TRANSITIONS if state is end] == []


def test_every_conclusion_has_its_entry() -> None:
    for state, entry in ENTRY_FOR.items():
        assert {TRANSITIONS[before, entry] for before in states_before(entry)} == {state}
