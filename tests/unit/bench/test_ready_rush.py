"""Offers are counted from the events of the journal."""

from collections.abc import Mapping
from typing import Any

from tests.bench.load.ready_rush import count_offers


def event(kind: str, version: int, mail: str = "A") -> Mapping[str, Any]:
    return {"type": kind, "version": version, "interaction_id": mail}


def test_offer_after_a_revoke_is_another_offer() -> None:
    assert count_offers([event("invited", 3), event("revoked", 2), event("invited", 1)]) == (2, 0)


def test_offer_beside_a_standing_one_is_counted_twice() -> None:
    assert count_offers([event("invited", 1), event("invited", 2)]) == (2, 1)


def test_offers_of_different_mails_are_apart() -> None:
    assert count_offers([event("invited", 1), event("invited", 2, "B")]) == (2, 0)


def test_event_that_is_told_twice_is_one() -> None:
    assert count_offers([event("invited", 1), event("invited", 1)]) == (1, 0)
