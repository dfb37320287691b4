"""A desk as messages describe it."""

from typing import Any

from tests.stateful.view import View, differences


def message(sequence: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": "m",
        "sequence": sequence,
        "capabilities": ["Accept"],
        "state": "Invited",
    } | fields


def test_offer_is_shown_until_a_message_without_capabilities() -> None:
    view = View()

    view.hear(message(2))
    assert view.desk == {"m": message(2)}
    view.hear(message(3, capabilities=[], state="Completed"))
    assert view.desk == {}


def test_an_older_message_changes_nothing_even_about_what_has_gone() -> None:
    view = View()
    view.hear(message(5, capabilities=[]))

    view.hear(message(4))

    assert view.desk == {}


def test_a_snapshot_replaces_what_was_heard() -> None:
    view = View()
    view.hear(message(2))

    view.begin([message(7, id="other")])
    view.hear(message(6, id="other", state="old"))

    assert view.desk == {"other": message(7, id="other")}


def test_field_about_the_event_alone_is_no_difference() -> None:
    shown = {"m": message(2, notificationType="Error", reason="too late")}

    assert differences(shown, {"m": message(2, notificationType="StatusChange")}) == []


def test_every_other_field_is() -> None:
    shown = {"m": message(2), "gone": message(1, id="gone")}
    read = {"m": message(3, userData={}), "new": message(1, id="new")}

    assert differences(shown, read) == [
        "gone is shown and not there",
        "m: sequence is shown as 2 and is 3",
        "m: userData is shown as None and is {}",
        "new is there and not shown",
    ]
