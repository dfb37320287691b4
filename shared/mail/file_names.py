"""File names that are safe to show and to save under."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST_NAME: Final = 150

_UNSAFE: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+'
)
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,10}\Z")


def clean_name(name: str) -> str:
    """Return the last path component without control, direction and path characters."""
    component = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    visible = " ".join(_UNSAFE.sub("_", component).split()).lstrip(". ").rstrip(". ")
    if len(visible) <= LONGEST_NAME:
        return visible
    ending = _suffix(visible)
    return visible[: LONGEST_NAME - len(ending)] + ending


def unique_names(names: Iterable[str]) -> Iterator[str]:
    """Yield the names in order; a repeated one (ignoring case) gets a number."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for name in names:
        candidate = name
        while candidate.casefold() in taken:
            counts[name] = counts.get(name, 1) + 1
            candidate = _numbered(name, counts[name])
        taken.add(candidate.casefold())
        yield candidate


def _numbered(name: str, number: int) -> str:
    ending = _suffix(name)
    return f"{name[: len(name) - len(ending)]} ({number}){ending}"


def _suffix(name: str) -> str:
    found = _SUFFIX.search(name)
    return found[0] if found else ""
