"""Ids in the shape of the seeds."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.ids import moment_of, new_id, signed_id

NOW = datetime(2026, 3, 2, 9, 0, 0, 7000, UTC)
KEY = b"k" * 32


def test_an_id_is_sixteen_alphanumerics() -> None:
    assert re.fullmatch(r"[0-9A-Z]{16}", new_id())


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ids_sort_by_the_time_they_were_made() -> None:
    first = [new_id()[:8] for _ in range(100)]

    assert first == sorted(first)


@pytest.mark.parametrize("made_at", [NOW, NOW.replace(year=2060), NOW.replace(year=2126)])
@pytest.mark.parametrize("later", [timedelta(minutes=-1), timedelta(0), timedelta(days=400)])
def test_moment_of_an_id_is_that_of_its_creation(made_at: datetime, later: timedelta) -> None:
    assert moment_of(new_id(made_at), made_at + later) == made_at


@pytest.mark.parametrize(
    "text", ["", "DRAFT", "00009a8T8Y130123", "00009A8T8Y1301234", "\u0661" * 16]
)
def test_other_text_has_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="16 characters"):
        moment_of(text, NOW)


def test_signed_id_keeps_all_but_its_end() -> None:
    an_id = new_id(NOW)

    signed = signed_id(an_id, KEY)

    assert re.fullmatch(r"[0-9A-Z]{16}", signed)
    assert signed[:14] == an_id[:14]
    assert signed_id(signed, KEY) == signed


def test_signature_needs_the_key() -> None:
    signed = [signed_id(new_id(NOW), KEY) for _ in range(1000)]

    right = [one for one in signed if signed_id(one, b"other" * 7) == one]

    assert len(right) < 20
