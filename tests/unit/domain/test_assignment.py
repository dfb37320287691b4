"""How an interaction moves between agents, queues and workbins."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.errors import NotOwnerError, OperationNotAllowedError
from shared.domain.interaction import Exclusion, Interaction, Place
from shared.domain.lifecycle import Direction, Operation, State
from shared.domain.routing.assignment import (
    Target,
    accept,
    extend_offer,
    invite,
    may_be_extended,
    place_in_workbin,
    pull,
    reclaim,
    requeue,
    requeue_for,
    return_to_queue,
    transfer,
)
from tests.unit.domain.examples import LATER, NOW, inbound

OWN = Place("email.draft", "agent1")
SHARED = Place("team", "support", of_group=True)


def accepted() -> Interaction:
    return accept(invite(inbound(), "agent1", LATER, NOW), "agent1", NOW)


def draft() -> Interaction:
    return inbound(direction=Direction.OUTBOUND, state=State.REPLY_CREATED, owner_id="agent1")


def test_a_transfer_remembers_who_made_it() -> None:
    after = transfer(accepted(), "agent1", "agent2", LATER, NOW)

    assert after.invitation is not None
    assert (after.holder_id, after.owner_id, after.invitation.sender_id) == (
        "agent2",
        None,
        "agent1",
    )


def test_a_transfer_that_comes_back_prefers_who_made_it() -> None:
    offered = transfer(accepted(), "agent1", "agent2", LATER, NOW)

    after = return_to_queue(offered, Operation.REJECT, NOW, LATER)

    assert (after.state, after.preferred_id) == (State.QUEUED, "agent1")
    assert [one.agent_id for one in after.excluded] == ["agent2"]


def test_extended_offer_ends_later_from_its_own_end_on() -> None:
    offered = transfer(accepted(), "agent1", "agent2", LATER, NOW)

    after = extend_offer(offered, "agent2", NOW, timedelta(seconds=90))

    assert offered.invitation is not None
    assert after.invitation == replace(offered.invitation, expires_at=LATER + timedelta(seconds=90))
    assert (after.state, after.version) == (State.INVITED, offered.version + 1)


def test_offer_is_extended_once_and_a_new_offer_again() -> None:
    extended = extend_offer(invite(inbound(), "agent1", LATER, NOW), "agent1", NOW, timedelta(1))
    with pytest.raises(OperationNotAllowedError, match="extended already"):
        extend_offer(extended, "agent1", NOW, timedelta(1))

    waiting = return_to_queue(extended, Operation.REVOKE, NOW, None)

    assert not may_be_extended(extended)
    assert may_be_extended(invite(waiting, "agent1", LATER, NOW))
    handed_on = transfer(accept(extended, "agent1", NOW), "agent1", "agent2", LATER, NOW)
    assert may_be_extended(handed_on)


@pytest.mark.parametrize(
    ("agent_id", "given_at", "error"),
    [("agent2", NOW, NotOwnerError), ("agent1", LATER, OperationNotAllowedError)],
)
def test_offer_is_extended_by_its_agent_while_it_stands(
    agent_id: str, given_at: datetime, error: type[Exception]
) -> None:
    with pytest.raises(error):
        extend_offer(invite(inbound(), "agent1", LATER, NOW), agent_id, given_at, timedelta(1))


@pytest.mark.parametrize("operation", [Operation.REJECT, Operation.REVOKE])
@pytest.mark.parametrize("exclusion_ends", [LATER, None])
def test_the_preferred_agent_gets_one_offer(
    operation: Operation, exclusion_ends: datetime | None
) -> None:
    offered = invite(inbound(preferred_id="agent1"), "agent1", LATER, NOW)

    after = return_to_queue(offered, operation, NOW, exclusion_ends)

    assert (after.state, after.preferred_id) == (State.QUEUED, None)


def test_an_offer_to_another_agent_leaves_the_preference() -> None:
    offered = invite(inbound(preferred_id="agent1"), "agent2", LATER, NOW)

    after = return_to_queue(offered, Operation.REJECT, NOW, LATER)

    assert after.preferred_id == "agent1"


@pytest.mark.parametrize("start", [accepted(), draft()])
def test_a_transfer_may_go_straight_back(start: Interaction) -> None:
    offered = transfer(start, "agent1", "agent2", LATER, NOW)

    after = return_to_queue(offered, Operation.REVOKE, NOW, LATER, to_sender=True)

    assert (after.state, after.owner_id, after.invitation) == (start.state, "agent1", None)


def test_a_transferred_draft_always_goes_straight_back() -> None:
    offered = transfer(draft(), "agent1", "agent2", LATER, NOW)

    after = return_to_queue(offered, Operation.REVOKE, NOW, LATER)

    assert (after.state, after.owner_id) == (State.REPLY_CREATED, "agent1")


def test_transfer_to_a_target_excludes_the_sender() -> None:
    after = requeue_for(accepted(), "agent1", Target(queue="sales", skill="german"), NOW, LATER)

    assert (after.state, after.queue, after.skill, after.queued_at) == (
        State.QUEUED,
        "sales",
        "german",
        NOW,
    )
    assert after.excluded == (Exclusion("agent1", LATER),)


def test_acceptance_ends_preferences_and_exclusions() -> None:
    waiting = replace(
        inbound(), preferred_id="agent9", skill="german", excluded=(Exclusion("agent8", LATER),)
    )

    after = accept(invite(waiting, "agent1", LATER, NOW), "agent1", NOW)

    assert (after.preferred_id, after.skill, after.excluded) == (None, "", ())


@pytest.mark.parametrize("start", [accepted(), draft()])
def test_interaction_in_a_workbin_has_no_holder_until_pulled(start: Interaction) -> None:
    kept = place_in_workbin(start, "agent1", OWN)
    after = pull(kept, "agent1", ())

    assert (kept.owner_id, kept.place, kept.holder_id) == (None, OWN, None)
    assert (after.state, after.owner_id, after.place) == (start.state, "agent1", None)


@pytest.mark.parametrize(
    ("place", "agent_id", "queues"),
    [(OWN, "agent2", ("support",)), (SHARED, "agent2", ("sales",)), (SHARED, "support", ())],
)
def test_a_workbin_is_closed_to_others(place: Place, agent_id: str, queues: tuple[str]) -> None:
    kept = place_in_workbin(accepted(), "agent1", place)

    with pytest.raises(NotOwnerError):
        pull(kept, agent_id, queues)


def test_the_workbin_of_a_group_is_open_to_who_serves_it() -> None:
    assert (
        pull(place_in_workbin(accepted(), "agent1", SHARED), "agent2", ("support",)).owner_id
        == "agent2"
    )


def test_pulled_interaction_cannot_be_pulled_again() -> None:
    taken = pull(place_in_workbin(accepted(), "agent1", SHARED), "agent2", ("support",))

    with pytest.raises(OperationNotAllowedError):
        pull(taken, "agent3", ("support",))


def test_reclaimed_mail_waits_at_its_old_place() -> None:
    after = reclaim(accepted(), "email.draft")

    assert (after.state, after.owner_id, after.queued_at) == (State.QUEUED, None, NOW)


def test_a_reclaimed_draft_waits_in_its_authors_workbin() -> None:
    after = reclaim(draft(), "email.draft")

    assert (after.state, after.owner_id, after.place) == (State.IN_WORKBIN, None, OWN)


def test_only_the_owner_gives_work_up() -> None:
    with pytest.raises(NotOwnerError):
        requeue(accepted(), "agent2", Operation.PLACE_IN_QUEUE, "sales", NOW)
