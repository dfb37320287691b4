"""Ids of mails in subjects."""

import pytest

from shared.domain.ids import new_id
from shared.mail.subject_ids import subject_ids, with_subject_id

ID = "MX30UYY9K84SDTGT"
OTHER = "MX30UZCCWEP3BT8O"


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        (f"Re: Invoice [#{ID}]", (ID,)),
        (f"[#{ID.lower()}] Invoice", (ID,)),
        (f"[#{ID}] [#{OTHER}] [#{ID}]", (ID, OTHER)),
        (f"Invoice [#{ID[:-1]}]", ()),
        (f"Invoice [#{ID}0]", ()),
        (f"Invoice #{ID}", ()),
        ("", ()),
    ],
)
def test_ids_are_found_in_brackets_alone(subject: str, found: tuple[str, ...]) -> None:
    assert subject_ids(subject) == found


def test_at_most_five_ids_of_a_subject_count() -> None:
    assert len(subject_ids("".join(f"[#{new_id()}]" for _ in range(40)))) == 5


@pytest.mark.parametrize(
    ("subject", "longest", "tagged"),
    [
        ("Invoice", 998, f"Invoice [#{ID}]"),
        ("", 998, f"[#{ID}]"),
        (f"Re: Invoice [#{OTHER}]", 998, f"Re: Invoice [#{OTHER}]"),
        ("x" * 20, 39, "x" * 20),
        ("x" * 20, 40, f"{'x' * 20} [#{ID}]"),
    ],
)
def test_a_subject_has_one_id_at_its_end(subject: str, longest: int, tagged: str) -> None:
    assert with_subject_id(subject, ID, longest) == tagged
    assert subject_ids(with_subject_id("", new_id(), 998)) != ()
