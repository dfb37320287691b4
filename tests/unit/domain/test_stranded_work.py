"""Work without queue, workbin or agent is found and moved to a queue."""

import pytest

from shared.domain.interaction import Interaction, Place
from shared.domain.lifecycle import Direction, State
from shared.domain.routing.stranded_work import (
    ExistingPlaces,
    Loss,
    Work,
    losses,
    move_to_queue,
    same_name,
)
from tests.unit.domain.examples import inbound

HOMES = ExistingPlaces(frozenset({"support"}), frozenset({"later"}), frozenset({"gone"}))
STAYS = Place("later", "ann")


def draft(**fields: object) -> Interaction:
    return inbound(direction=Direction.OUTBOUND, **fields)


@pytest.mark.parametrize(
    ("interaction", "lost"),
    [
        (inbound(), []),
        (inbound(queue="sales"), [(Loss.QUEUE, "sales")]),
        (inbound(state=State.ACCEPTED, owner_id="ann"), []),
        # Routing takes it back by itself.
        (inbound(state=State.ACCEPTED, owner_id="gone"), []),
        (draft(state=State.REPLY_CREATED, owner_id="gone"), [(Loss.AGENT, "gone")]),
        (inbound(state=State.IN_WORKBIN, place=STAYS), []),
        (inbound(state=State.IN_WORKBIN, place=Place("later", "gone")), [(Loss.AGENT, "gone")]),
        (
            inbound(state=State.IN_WORKBIN, place=Place("never", "ann")),
            [(Loss.WORKBIN, "never")],
        ),
        (
            inbound(state=State.IN_WORKBIN, place=Place("later", "sales", of_group=True)),
            [(Loss.QUEUE, "sales")],
        ),
    ],
)
def test_work_names_what_it_has_lost(
    interaction: Interaction, lost: list[tuple[Loss, str]]
) -> None:
    assert losses(Work.of(interaction), HOMES) == lost


@pytest.mark.parametrize(
    "stranded",
    [
        inbound(queue="sales"),
        draft(state=State.REPLY_CREATED, owner_id="gone"),
        inbound(state=State.IN_WORKBIN, place=Place("later", "gone")),
        draft(state=State.IN_WORKBIN, place=Place("later", "gone")),
        inbound(state=State.IN_WORKBIN, place=Place("later", "sales", of_group=True)),
    ],
)
def test_stranded_work_waits_at_its_old_place_in_the_new_queue(stranded: Interaction) -> None:
    after = move_to_queue(stranded, HOMES, "support")

    assert (after.state, after.queue, after.place) == (State.QUEUED, "support", None)
    assert (after.owner_id, after.queued_at) == (None, stranded.queued_at)
    assert after.version == stranded.version + 1
    assert losses(Work.of(after), HOMES) == []


@pytest.mark.parametrize(
    "reachable",
    [
        inbound(queue="sales", state=State.ACCEPTED, owner_id="ann"),
        inbound(queue="sales", state=State.IN_WORKBIN, place=STAYS),
        draft(queue="sales", state=State.SENDING, owner_id="gone"),
    ],
)
def test_work_within_reach_stays_and_has_another_queue(reachable: Interaction) -> None:
    after = move_to_queue(reachable, HOMES, "support")

    assert (after.state, after.owner_id, after.place) == (
        reachable.state,
        reachable.owner_id,
        reachable.place,
    )
    assert after.queue == "support"


def test_names_that_differ_in_case_are_the_same() -> None:
    assert same_name("support", ["Sales", "SUPPORT"]) == "SUPPORT"
    assert same_name("support", ["supports"]) is None
