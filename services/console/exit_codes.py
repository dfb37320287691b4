"""The exit codes of the command line (sysexits), and the error that carries one."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit code of a command."""

    FINE = 0
    NOT_FINE = 1
    USAGE = 64
    BAD_FILE = 65
    UNAVAILABLE = 69
    CANNOT_WRITE = 73
    MISCONFIGURED = 78
    INTERRUPTED = 130


class NotPossibleError(Exception):
    """The command cannot be carried out; the message says why, and what to do next."""

    def __init__(self, words: str, code: Exit) -> None:
        super().__init__(words)
        self.code = code
