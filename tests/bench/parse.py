"""How fast mail is read: `python -m tests.bench.parse [FOLDER]`, a folder of raw mails."""

import asyncio
import os
import sys
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from services.ingest.parser.isolated_parser import IsolatedParser
from shared.mail.limits import UnparsableMailError
from shared.mail.parsing.parser import parse_mail

LETTER = (
    b"From: Ann <ann@client.example>\r\nTo: support@demo.example\r\nSubject: An 8 kB letter\r\n"
    b"Message-ID: <1@client.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
) + b"A line of a letter that is neither short nor long.\r\n" * 155
ROUNDS = 3_000
TICKS = os.sysconf("SC_CLK_TCK")


def read_folder(folder: Path) -> str:
    """Return mails and octets a second over all files below the folder, and what was refused."""
    mails = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    refused = failed = 0
    started = time.perf_counter()
    for raw in mails:
        try:
            parse_mail(raw)
        except UnparsableMailError:
            refused += 1
        except Exception:  # noqa: BLE001 (counted, that is what is measured)
            failed += 1
    took = time.perf_counter() - started
    octets = sum(map(len, mails))
    return (
        f"{len(mails)} mails, {len(mails) / took:,.0f} mails/s, {octets / took / 1e6:.1f} MB/s,"
        f" {refused} above a limit, {failed} failures"
    )


async def read_isolated() -> str:
    """Return what the other process costs, beside reading in this one."""
    own = _own_seconds()
    for _ in range(ROUNDS):
        parse_mail(LETTER)
    here = _own_seconds() - own
    async with IsolatedParser() as parser:
        await parser.parse(LETTER)
        (child,) = parser._running
        before, own = _child_seconds(child.pid), _own_seconds()
        for _ in range(ROUNDS):
            await parser.parse(LETTER)
        parent, there = _own_seconds() - own, _child_seconds(child.pid) - before
        resident = _resident(child.pid)
    extra = (parent + there - here) / ROUNDS * 1e6
    return (
        f"8 kB letter: {here / ROUNDS * 1e6:.0f} us here; {extra:.0f} us more in another process"
        f" (of that {parent / ROUNDS * 1e6:.0f} us in the parent), which holds {resident:.1f} MB"
    )


def _own_seconds() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _child_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Print both measurements, or the second alone without a folder."""
    if len(sys.argv) > 1:
        sys.stdout.write(read_folder(Path(sys.argv[1])) + "\n")
    sys.stdout.write(asyncio.run(read_isolated()) + "\n")


if __name__ == "__main__":
    main()
