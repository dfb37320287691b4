"""`mailroom settings`: what programs read from their environment."""

import json
import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Final

from pydantic import TypeAdapter

from shared.runtime.rights import RIGHTS
from shared.runtime.setting_list import Setting

FILE: Final = Path(__file__).parents[1] / "settings.json"
"""The list of all settings; `make settings` writes it."""

CONSOLE: Final = "console"
PROGRAMS: Final = (*RIGHTS, CONSOLE)

_WIDE: Final = 120
"""Columns from which a setting is shown in three columns."""
_FACTS_WIDTH: Final = 42
_LEGEND: Final = "Durations are seconds or ISO 8601, such as PT30S."
_SECONDS: Final = "seconds"
_HOUR: Final = 3600
_MINUTE: Final = 60


def print_settings(program: str | None, *, as_json: bool) -> None:
    """Print the settings of one program, or of all."""
    found = [one for one in read_list(FILE) if program in (None, *one.services)]
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    print("\n".join(in_lines(found, width=shutil.get_terminal_size().columns)))


def read_list(file: Path) -> Sequence[Setting]:
    """Return the settings that a file lists."""
    return TypeAdapter(tuple[Setting, ...]).validate_json(file.read_bytes())


def in_lines(settings: Sequence[Setting], *, width: int) -> list[str]:
    """Return the settings for a terminal of this width, under the programs that read them."""
    lines = [_LEGEND]
    show = _columns if width >= _WIDE else _rows
    name_width = max((len(one.name) for one in settings), default=0)
    for services, group in groupby(settings, key=lambda one: one.services):
        lines += ["", *wrap(_heading(services), width)]
        for one in group:
            lines += show(one, name_width, width)
    return lines


def _heading(services: Sequence[str]) -> str:
    return "every service:" if set(services) == set(RIGHTS) else f"{', '.join(services)}:"


def _rows(setting: Setting, _: int, width: int) -> Iterator[str]:
    yield f"  {setting.name}"
    for text in (_facts(setting), setting.description):
        yield from wrap(text, width, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _columns(setting: Setting, name_width: int, width: int) -> Iterator[str]:
    facts = wrap(_facts(setting), _FACTS_WIDTH)
    words = wrap(setting.description, width - name_width - _FACTS_WIDTH - 6)
    for name, fact, word in zip_longest([setting.name], facts, words, fillvalue=""):
        yield f"  {name:{name_width}}  {fact:{_FACTS_WIDTH}}  {word}".rstrip()


def _facts(setting: Setting) -> str:
    kind = " or ".join(setting.choices) or setting.unit or setting.type
    return ", ".join([kind, *_default(setting), *_bounds(setting)])


def _default(setting: Setting) -> Iterator[str]:
    if setting.secret:
        yield "secret"
    if setting.required:
        yield "required"
    elif setting.default is not None:
        yield f"default {_value(setting.default, setting.unit)}"
    elif not setting.secret:
        yield "no default"


def _bounds(setting: Setting) -> Iterator[str]:
    if setting.at_least is not None and setting.at_most is not None:
        yield f"{setting.at_least} to {_value(setting.at_most, setting.unit)}"
    elif setting.at_least is not None:
        yield f"at least {_value(setting.at_least, setting.unit)}"
    elif setting.at_most is not None:
        yield f"at most {_value(setting.at_most, setting.unit)}"
    if setting.more_than is not None:
        yield f"more than {_value(setting.more_than, setting.unit)}"


def _value(text: str, unit: str | None) -> str:
    """Return a value, with hours or minutes where it is a long duration."""
    if unit != _SECONDS or not text.isdecimal():
        return text
    seconds = int(text)
    for larger, length in (("h", _HOUR), ("min", _MINUTE)):
        if seconds and seconds % length == 0:
            return f"{text} ({seconds // length} {larger})"
    return text
