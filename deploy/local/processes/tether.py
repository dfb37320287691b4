"""Become another program that dies with the one that started us: `tether.py PARENT PROGRAM …`."""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def tethered(command: Sequence[str]) -> list[str]:
    """Return `command` as a child of this process has to be started so that it never outlives it.

    The kernel ties a child to the *thread* that started it, so that thread has to last.
    """
    return [sys.executable, "-I", "-S", str(Path(__file__)), str(os.getpid()), *command]


def main() -> None:
    """Ask the kernel for SIGKILL when the parent is gone, then become the program."""
    parent, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent):
        sys.exit("the parent died before its child could be tied to it")
    os.execvp(command[0], command)  # noqa: S606 - the program and its arguments, without a shell


if __name__ == "__main__":
    main()
