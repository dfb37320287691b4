"""The parser of a command line, and the types of its arguments."""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from services.console.exit_codes import Exit


class Parser(argparse.ArgumentParser):
    """A parser that ends with the code that sysexits has for a wrong command."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong."""
        self.print_usage()
        self.exit(Exit.USAGE, f"{self.prog}: {message}\n")


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 - it has no other name


def number(*, at_most: int) -> Callable[[str], int]:
    """Return the type of an argument that is a number from 1 to `at_most`."""

    def read(text: str) -> int:
        found = int(text) if re.fullmatch("[0-9]{1,10}", text) else 0
        if not 1 <= found <= at_most:
            raise argparse.ArgumentTypeError(f"a number from 1 to {at_most} is needed")
        return found

    return read
