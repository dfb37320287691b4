"""One log of many processes: each line carries the name of who wrote it, in its own colour."""

import os
import sys
from collections.abc import Sequence
from typing import Final

_COLOURS: Final = (36, 33, 35, 32, 34, 31, 96, 93)


class Log:
    """Prints prefixed lines; coloured only at a terminal that did not say NO_COLOR."""

    def __init__(self, names: Sequence[str], *, coloured: bool | None = None) -> None:
        self._width = max(len(name) for name in names)
        self._colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
        self._coloured = _wants_colour() if coloured is None else coloured

    def line(self, name: str, text: str) -> str:
        """Return `text` behind the name of its writer."""
        prefix = f"{name:<{self._width}} |"
        if self._coloured:
            prefix = f"\x1b[{self._colours.get(name, 37)}m{prefix}\x1b[0m"
        return f"{prefix} {text}"

    def write(self, name: str, text: str) -> None:
        """Print one line at once."""
        print(self.line(name, text), flush=True)


def _wants_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
