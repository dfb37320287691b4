"""Each change of a description is said in plain words, and nothing else."""

from services.console.description.changes import agent_changes, settings_changes
from shared.contracts.contact_center import ContactCenter
from tests.unit.console.descriptions import HASH, agent, center


def stored(described: ContactCenter) -> dict[str, dict[str, object]]:
    return {one.user_name: one.model_dump(mode="json") for one in described.agents}


def test_the_first_time_everything_is_added() -> None:
    wanted = center()

    assert settings_changes(None, wanted) == [
        "contact center demo: set up",
        "queue support: added",
        "queue sales: added",
        "mailbox support@demo.example: added",
        "SMTP route: added",
    ]
    assert agent_changes({}, wanted) == ["agent agent1: added"]


def test_the_second_time_nothing_changes() -> None:
    wanted = center()

    assert settings_changes(center(), wanted) == []
    assert agent_changes(stored(wanted), wanted) == []


def test_queues_come_and_go() -> None:
    wanted = center(queues=[{"name": "support", "description": "Questions"}, {"name": "drafts"}])

    assert settings_changes(center(), wanted) == [
        "queue support: description changed",
        "queue drafts: added",
        "queue sales: removed",
    ]


def test_new_name_and_new_route_are_listed() -> None:
    wanted = center(name="acme", smtp_route={"host": "relay.example", "port": 587})

    assert settings_changes(center(), wanted) == [
        "contact center demo: is called acme now",
        "SMTP route: host and port changed",
    ]


def test_the_fields_of_an_agent_that_changed_are_named() -> None:
    other = HASH.replace("c2FsdHNhbHQ", "c2FsdDJzYWx0")
    wanted = center(agents=[agent("agent1", skills={"french": 4}, capacity=5, password_hash=other)])

    assert agent_changes(stored(center()), wanted) == [
        "agent agent1: password, skills and capacity changed"
    ]


def test_an_agent_who_is_not_described_any_more_is_disabled_once() -> None:
    before = stored(center(agents=[agent("agent1"), agent("agent2")]))

    first = agent_changes(before, center())
    before["agent2"]["enabled"] = False
    second = agent_changes(before, center())

    assert first == ["agent agent2: disabled, no longer described"]
    assert second == []


def test_an_agent_who_is_described_again_is_enabled() -> None:
    before = stored(center(agents=[agent("agent1", enabled=False, capacity=1)]))

    assert agent_changes(before, center()) == ["agent agent1: capacity changed, enabled"]


def test_fields_that_an_older_version_did_not_store_count_as_changed() -> None:
    before = stored(center())
    del before["agent1"]["skills"]

    assert agent_changes(before, center()) == ["agent agent1: skills changed"]


def test_a_field_that_is_left_out_again_is_named() -> None:
    before = center(queues=[{"name": "support", "longest_wait": 60}, {"name": "sales"}])

    assert settings_changes(before, center()) == ["queue support: longest wait changed"]
