"""Ratios of two checkouts, read from what their benches print."""

import pytest

from tests.bench.load.rest_caller import Calls
from tests.bench.load.workloads import TASKS
from tests.bench.measurements import beside
from tests.bench.operations import Result, sections

REPLY = next(task for task in TASKS if task.name == "Reply")
READ = next(task for task in TASKS if task.reads)


def test_printed_tables_give_the_ratio_of_each_operation() -> None:
    calls, slow = Calls((0.1,) * 2000, 1.0), Calls((0.1,) * 2000, 4.0)
    tables = sections([Result(REPLY, calls, slow, calls), Result(READ, slow, None, calls)])
    printed = "\n".join(line for one in tables for line in one.lines())

    found = beside.ratios(printed)

    expected = {REPLY.name: 1.0, READ.name: 0.25, f"{REPLY.name} until the event": 0.25}
    assert found == pytest.approx(expected)


def test_table_compares_medians() -> None:
    ours = [{"Reply": ratio, "New": 1.0} for ratio in (0.1, 0.8, 0.9)]
    theirs = [{"Reply": 1.0}] * 3

    (row,) = beside.section(ours, theirs, "base").rows

    assert (row.ours, row.theirs, row.verdict) == (0.8, 1.0, "at least 0.9: NOT MET")
