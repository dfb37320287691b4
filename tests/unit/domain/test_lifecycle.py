"""The table of states and operations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import NotOwnerError, OperationNotAllowedError
from shared.domain.lifecycle import TRANSITIONS, Direction, Operation, State, advance, allowed
from shared.domain.routing.assignment import accept, invite, return_to_queue
from tests.unit.domain.examples import LATER, NOW, inbound


def test_an_invited_agent_may_accept_or_reject() -> None:
    assert allowed(Direction.INBOUND, State.INVITED) == (Operation.ACCEPT, Operation.REJECT)


@pytest.mark.parametrize("way", Direction)
def test_more_time_for_an_offer_is_beyond_the_seeds(way: Direction) -> None:
    further = allowed(way, State.INVITED, in_seed=False)

    assert further == (Operation.EXTEND_INVITATION,)


def test_inbound_owner_may_do_seed_003_operations_in_order() -> None:
    assert [operation.value for operation in allowed(Direction.INBOUND, State.ACCEPTED)] == [
        "transfer",
        "reply",
        "reply-all",
        "complete",
        "place-in-queue",
        "place-in-workbin",
        "update-properties",
    ]


def test_draft_author_may_do_seed_001_operations_in_order() -> None:
    assert [operation.value for operation in allowed(Direction.OUTBOUND, State.REPLY_CREATED)] == [
        "cancel",
        "send",
        "place-in-workbin",
        "update-properties",
        "link-attachment",
    ]


@pytest.mark.parametrize(
    ("state", "following"),
    [
        (State.COMPLETED, {Operation.DISOWN: State.QUEUED}),
        (State.SENT, {Operation.REPORT: State.SENT}),
        (State.CANCELED, {}),
    ],
)
def test_only_what_reports_ask_for_follows_an_end(
    state: State, following: dict[Operation, State]
) -> None:
    steps = {key[2]: step for key, step in TRANSITIONS.items() if key[1] is state}

    assert {operation: step.to for operation, step in steps.items()} == following
    assert not any(step.by_agent for step in steps.values())


def test_no_agent_ends_a_doubt_but_an_operator_does() -> None:
    steps = {key[2]: step for key, step in TRANSITIONS.items() if key[1] is State.UNCERTAIN}

    assert allowed(Direction.OUTBOUND, State.UNCERTAIN, in_seed=None) == ()
    assert {operation: step.to for operation, step in steps.items()} == {
        Operation.RESEND: State.SENDING,
        Operation.DELIVER: State.SENT,
        Operation.FAIL: State.REPLY_CREATED,
        Operation.GIVE_UP: State.CANCELED,
        Operation.REPORT: State.UNCERTAIN,
    }


@given(st.sampled_from(Direction), st.sampled_from(State), st.sampled_from(Operation))
def test_step_that_the_table_lacks_is_not_allowed(
    direction: Direction, state: State, operation: Operation
) -> None:
    if (direction, state, operation) in TRANSITIONS:
        assert advance(direction, state, operation) in State
    else:
        with pytest.raises(OperationNotAllowedError):
            advance(direction, state, operation)


def test_an_invitation_has_one_holder_until_it_is_accepted() -> None:
    invited = invite(inbound(), "agent1", LATER, NOW)

    accepted = accept(invited, "agent1", NOW)

    assert (invited.holder_id, accepted.holder_id, accepted.owner_id) == (
        "agent1",
        "agent1",
        "agent1",
    )
    assert accepted.version == inbound().version + 2


def test_only_the_invited_agent_accepts() -> None:
    with pytest.raises(NotOwnerError):
        accept(invite(inbound(), "agent1", LATER, NOW), "agent2", NOW)


def test_an_invitation_ends_at_its_deadline_to_the_moment() -> None:
    with pytest.raises(OperationNotAllowedError):
        accept(invite(inbound(), "agent1", NOW, NOW), "agent1", NOW)


def test_reject_excludes_the_agent_and_keeps_the_queue_place() -> None:
    before = invite(inbound(), "agent1", LATER, NOW)

    after = return_to_queue(before, Operation.REJECT, NOW, LATER)

    assert (after.state, after.queued_at) == (State.QUEUED, before.queued_at)
    assert [(one.agent_id, one.until) for one in after.excluded] == [("agent1", LATER)]


def test_exclusions_that_have_ended_are_forgotten() -> None:
    first = return_to_queue(invite(inbound(), "agent1", LATER, NOW), Operation.REJECT, NOW, NOW)

    after = return_to_queue(invite(first, "agent2", LATER, NOW), Operation.REVOKE, NOW, LATER)

    assert [one.agent_id for one in after.excluded] == ["agent2"]
