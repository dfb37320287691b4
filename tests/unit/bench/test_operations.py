"""Product and bare endpoint are asked the same, and put side by side."""

from tests.bench.load.rest_caller import Call, Calls
from tests.bench.load.workloads import TASKS
from tests.bench.operations import Result, sections

BY_NAME = {task.name: task for task in TASKS}
FAST = Calls((0.001,) * 99 + (0.010,), 0.5)
SLOW = Calls((0.002,) * 99 + (0.030,), 1.0)


def test_a_result_becomes_calls_a_second_and_the_tail_with_their_ratios() -> None:
    answered, heard = sections([Result(BY_NAME["Accept"], SLOW, SLOW, FAST)])

    figures = [(row.name, row.ours, row.theirs, row.ratio) for row in answered.rows]
    assert figures == [("Accept", 100, 200, 0.5), ("Accept, p99", 2.0, 1.0, 2.0)]
    assert heard.rows == answered.rows


def test_operation_that_only_reads_has_no_event() -> None:
    answered, heard = sections([Result(BY_NAME["GET one"], SLOW, None, FAST)])

    assert (len(answered.rows), len(heard.rows)) == (2, 0)


def test_an_order_waits_for_its_event_only_where_that_is_asked_for() -> None:
    task = BY_NAME["Transfer"]

    assert task.call("m", "other", waits=True) == Call(
        "POST",
        "/api/v2/me/interactions/m",
        {"operationName": "Transfer", "userId": "other"},
        {"Prefer": "wait=30"},
    )
    assert task.call("m", "other", waits=False).headers == {}


def test_a_draft_is_put_and_a_desk_is_read() -> None:
    assert BY_NAME["PUT (save)"].call("m", "", waits=False).method == "PUT"
    assert BY_NAME["GET one"].call("m", "", waits=False) == Call("GET", "/api/v2/interactions/m")
