"""Ids in the shape of the seeds."""

import re

from shared.domain.ids import new_id


def test_an_id_is_sixteen_alphanumerics() -> None:
    assert re.fullmatch(r"[0-9A-Z]{16}", new_id())


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ids_sort_by_the_time_they_were_made() -> None:
    first = [new_id()[:8] for _ in range(100)]

    assert first == sorted(first)
