"""The table that the benchmark prints."""

import pytest

from tests.bench.tables.table import Aim, Row, Section, number

RATE = Aim("at least 0.5", 0.5, at_least=True)
TAIL = Aim("at most 3", 3.0)


@pytest.mark.parametrize(
    ("ours", "aim", "verdict"),
    [
        (50.0, RATE, "at least 0.5: met"),
        (49.0, RATE, "at least 0.5: NOT MET"),
        (300.0, TAIL, "at most 3: met"),
        (301.0, TAIL, "at most 3: NOT MET"),
        (None, TAIL, "at most 3: not judged"),
    ],
)
def test_an_aim_for_two_values_is_about_their_ratio(
    ours: float | None, aim: Aim, verdict: str
) -> None:
    row = Row("mails", "1/s", ours, 100.0, aim)

    assert row.verdict == verdict


def test_an_aim_for_one_value_is_about_the_value() -> None:
    assert Row("gateway, idle", "MB", 91.0, aim=Aim("under 90 MB", 90)).verdict == (
        "under 90 MB: NOT MET"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.456, "0.46"), (12.34, "12.3"), (1234.5, "1,234"), (-0.5, "-0.50")],
)
def test_numbers_show_three_digits(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_columns_are_aligned() -> None:
    section = Section(
        "Both",
        "product",
        [Row("mails", "1/s", 130.0, 260.0, RATE), Row("p99", "ms", 12.5, 5.0, TAIL)],
        right="floor",
        notes=["one run"],
    )

    assert section.lines() == [
        "Both",
        "         unit  product  floor  ratio  aim",
        "  mails  1/s       130    260   0.50  at least 0.5: met",
        "  p99    ms       12.5   5.00   2.50  at most 3: met",
        "  one run",
        "",
    ]


def test_a_section_is_written_down_with_all_its_figures() -> None:
    section = Section("Memory", "product", [Row("gateway", "MB", 76.6)])

    assert section.as_json() == {
        "title": "Memory",
        "left": "product",
        "right": "",
        "notes": [],
        "rows": [
            {
                "name": "gateway",
                "unit": "MB",
                "left": 76.6,
                "right": None,
                "ratio": None,
                "aim": "",
            }
        ],
    }
