"""The database's costs of a mail, read from mongod's log."""

import json
from collections import Counter
from typing import Any

from tests.bench.instruments.database_trace import Operation, operations, timed_operations
from tests.bench.measurements.cost import rows

MOMENT = "2026-11-29T17:00:00.250+00:00"


def logged(command: dict[str, Any], *, component: str = "COMMAND", client: str = "x") -> str:
    attributes = {"appName": f"mailroom {client}", "command": {**command, "$db": "mailroom"}}
    entry = {"t": {"$date": MOMENT}, "c": component, "msg": "Slow query", "attr": attributes}
    return json.dumps(entry)


def test_a_write_is_told_with_its_client_collection_and_write_concern() -> None:
    line = logged({"insert": "arrivals", "writeConcern": {"w": "majority", "j": True}}, client="in")

    assert list(operations([line], "mailroom")) == [
        Operation("mailroom in", "insert", "arrivals", "majority")
    ]


def test_find_and_modify_is_not_taken_for_an_update() -> None:
    line = logged({"findAndModify": "agents", "update": {"$inc": {}}, "writeConcern": {"w": 1}})

    assert list(operations([line], "mailroom")) == [
        Operation("mailroom x", "findAndModify", "agents", "1")
    ]


def test_command_is_told_with_the_moment_at_which_it_ended() -> None:
    ((moment, _),) = timed_operations([logged({"find": "arrivals"})], "mailroom")

    assert moment == 1_795_971_600.25


def test_the_next_page_of_a_read_belongs_to_its_collection() -> None:
    line = logged({"getMore": 17, "collection": "interactions"})

    assert list(operations([line], "mailroom")) == [
        Operation("mailroom x", "getMore", "interactions", "read")
    ]


def test_statements_inside_a_command_and_other_databases_do_not_count() -> None:
    lines = [
        logged({"update": "arrivals"}, component="WRITE"),
        logged({"find": "arrivals"}).replace('"mailroom"', '"floor"'),
        logged({"hello": 1}),
        json.dumps({"c": "NETWORK", "msg": "Connection ended"}),
        "not JSON at all",
    ]

    assert list(operations(lines, "mailroom")) == []


def test_the_bill_has_the_majority_writes_on_top_and_what_is_rare_at_the_bottom() -> None:
    count = Counter(
        {
            Operation("mailroom gateway", "find", "interactions", "read"): 100,
            Operation("mailroom ingest", "insert", "arrivals", "majority"): 100,
            Operation("mailroom routing", "update", "interactions", "majority"): 100,
            Operation("mailroom routing", "findAndModify", "agents", "1"): 90,
            Operation("mailroom outbound", "find", "agents", "read"): 2,
        }
    )

    bill = [(row.name, row.ours) for row in rows(count, 100)]

    assert bill == [
        ("majority writes", 2.0),
        ("ingest: insert arrivals (w=majority)", 1.0),
        ("routing: update interactions (w=majority)", 1.0),
        ("routing: findAndModify agents (w=1)", 0.9),
        ("gateway: find interactions", 1.0),
        ("everything rarer", 0.02),
    ]
