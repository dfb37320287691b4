"""How the command line ends: codes of sysexits, and the error that carries one with its words."""

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told."""

    FINE = 0
    NOT_FINE = 1
    USAGE = 64
    BAD_FILE = 65
    UNAVAILABLE = 69
    CANNOT_WRITE = 73
    MISCONFIGURED = 78
    INTERRUPTED = 130


class NotPossibleError(Exception):
    """What was asked for cannot be done; the message says why, and what to do next."""

    def __init__(self, words: str, code: Exit) -> None:
        super().__init__(words)
        self.code = code
