"""The drill calls a blow balanced only where every answer has left exactly once."""

from dataclasses import replace

from tests.faults.drill import NEXT_SERVER_AWAY, Result, in_doubt
from tests.support.record_checker import Reply, RunRecord
from tests.unit.support.test_record_checker import FINE, REPLY

DOUBTED = replace(REPLY, state="uncertain", journal="UNCERTAIN")


def left_in_doubt() -> RunRecord:
    told = {**FINE.told, "out": frozenset({"Uncertain"})}
    return replace(FINE, replies=[DOUBTED], told=told)


def result(name: str, record: RunRecord, *doubts: Reply, seconds: float | None = 1.0) -> Result:
    return Result(name, record, seconds, doubts)


def test_a_blow_after_which_all_answers_left_is_balanced() -> None:
    assert result("routing killed", FINE).line().endswith("balanced")


def test_a_doubt_that_nobody_decided_is_not_balanced() -> None:
    one = result("outbound killed", left_in_doubt(), DOUBTED)

    assert one.faults == ["<r> was not sent but uncertain"]
    assert not one.line().endswith("balanced")


def test_a_decided_doubt_is_balanced_where_outbound_was_killed() -> None:
    one = result("outbound killed", FINE, DOUBTED)

    assert one.faults == []
    assert one.line().split()[2:6] == ["1", "1", "1", "1"]


def test_a_doubt_is_a_fault_where_no_session_was_broken() -> None:
    assert result("broker killed", FINE, DOUBTED).faults == ["<r> was in doubt without need"]
    assert result(NEXT_SERVER_AWAY, FINE, DOUBTED).faults == []


def test_a_system_that_is_never_normal_again_is_a_fault() -> None:
    assert result("routing killed", FINE, seconds=None).faults == ["never normal again"]


def test_doubts_are_found_in_a_record() -> None:
    assert in_doubt(left_in_doubt()) == [DOUBTED]
    assert in_doubt(FINE) == []
