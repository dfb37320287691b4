"""CPU time and resident memory of processes and all below them, read from /proc."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14
"""Places in /proc/PID/stat behind the command's closing bracket (proc(5), fields 14 to 17)."""


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time used so far by processes, those below them, and their dead children."""
    return sum(_own_seconds(one) for pid in pids for one in family(pid))


def resident_megabytes(pid: int) -> float:
    """Return the resident memory of one process in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE / 1e6


def family(pid: int) -> Iterator[int]:
    """Give a process and all that it started and that started others."""
    yield pid
    for child in children(pid):
        yield from family(child)


def children(pid: int) -> list[int]:
    """Return the processes that a process started and that run now."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text(encoding="ascii").split()]


def _own_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = stat.rpartition(")")[2].split()
    return sum(int(fields[at]) for at in (_UTIME, _STIME, _CUTIME, _CSTIME)) / _TICKS
