"""The one table of a run: rows with unit and ratio, and the aims that they meet or miss. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.tables.figures import ratio

_HEADINGS = ("", "unit", "left", "right", "ratio", "aim")


@dataclass(frozen=True, slots=True)
class Aim:
    """The aim of a figure: at least or at most a limit."""

    words: str
    limit: float
    at_least: bool = False

    def judge(self, value: float | None) -> str:
        """Return the aim with its verdict."""
        if value is None:
            return f"{self.words}: not judged"
        is_met = value >= self.limit if self.at_least else value <= self.limit
        return f"{self.words}: {'met' if is_met else 'NOT MET'}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: ours, and what it is compared with where there is something.

    An aim is about the ratio where there are two values, otherwise about ours.
    """

    name: str
    unit: str
    ours: float | None
    theirs: float | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by theirs."""
        if self.ours is None or self.theirs is None:
            return None
        return ratio(self.ours, self.theirs)

    @property
    def verdict(self) -> str:
        """The aim and whether it is met; empty where there is none."""
        return "" if self.aim is None else self.aim.judge(self._judged)

    @property
    def _judged(self) -> float | None:
        return self.ours if self.theirs is None else self.ratio

    def cells(self) -> tuple[str, ...]:
        """Return what stands in the columns."""
        return (
            self.name,
            self.unit,
            number(self.ours),
            number(self.theirs),
            number(self.ratio),
            self.verdict,
        )


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, and what their two value columns are."""

    title: str
    left: str
    rows: Sequence[Row]
    right: str = ""
    notes: Sequence[str] = field(default=())

    def lines(self) -> list[str]:
        """Return the section as text, columns aligned."""
        heading = ("", "unit", self.left, self.right, "ratio" if self.right else "", "aim")
        table = [heading, *(row.cells() for row in self.rows)]
        widths = [max(len(cells[at]) for cells in table) for at in range(len(_HEADINGS))]
        aligned = [_line(cells, widths) for cells in table]
        return [self.title, *aligned, *(f"  {note}" for note in self.notes), ""]

    def as_json(self) -> Mapping[str, Any]:
        """Return the section as plain values."""
        return {
            "title": self.title,
            "left": self.left,
            "right": self.right,
            "notes": list(self.notes),
            "rows": [
                {
                    "name": row.name,
                    "unit": row.unit,
                    "left": row.ours,
                    "right": row.theirs,
                    "ratio": row.ratio,
                    "aim": row.verdict,
                }
                for row in self.rows
            ],
        }


def number(value: float | None) -> str:
    """Return a value with three digits that mean something; nothing for nothing."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, unit, *figures, aim = cells
    aligned = [f"{cell:>{width}}" for cell, width in zip(figures, widths[2:5], strict=True)]
    return "  ".join(("", f"{name:<{widths[0]}}", f"{unit:<{widths[1]}}", *aligned, aim)).rstrip()
