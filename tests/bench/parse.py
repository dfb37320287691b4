"""How fast mail is read: `python -m tests.bench.parse [FOLDER] [--beside CHECKOUT]`.

The folder holds raw mails; MAILROOM_CORPUS names it otherwise, and without either a letter is read
as often. Each pass is beside one by `email.policy.compat32`, in the same run and by turns. With
`--beside` another checkout (with a `.venv` of its own) reads the same mails by turns as well.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Final

from deploy.local.folders import CHECKOUT, temporary_folder
from services.ingest.parser.isolated_parser import IsolatedParser
from shared.mail.limits import UnparsableMailError
from shared.mail.parsing.parser import parse_mail
from tests.bench.tables.table import Aim, Row, Section

LETTER = (
    b"From: Ann <ann@client.example>\r\nTo: support@demo.example\r\nSubject: An 8 kB letter\r\n"
    b"Message-ID: <1@client.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
) + b"A line of a letter that is neither short nor long.\r\n" * 155
ROUNDS = 3_000
TICKS = os.sysconf("SC_CLK_TCK")
WAYS: Final = ("parse", "whole", "compat32")
"""The ways to read a mail that `mail_reader.py` has; `whole` divides the text as well."""

_READER: Final = CHECKOUT / "tests" / "bench" / "load" / "mail_reader.py"
_LETTERS: Final = 200
_FAST_ENOUGH: Final = Aim("at least 0.7", 0.7, at_least=True)


@dataclass
class Reader:
    """A process that reads the mails of a folder with the code of one checkout."""

    checkout: Path
    process: "subprocess.Popen[str]"
    passes: dict[str, list[float]] = field(default_factory=dict)

    def read(self, way: str) -> None:
        """Have all mails read once, and keep the processor seconds of it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{way}\n")
        self.process.stdin.flush()
        self.passes.setdefault(way, []).append(float(self.process.stdout.readline()))

    def microseconds(self, way: str, mails: int) -> float:
        """Return the median processor time of a mail."""
        return median(self.passes[way]) / mails * 1e6


@contextlib.contextmanager
def reader(checkout: Path, folder: Path) -> Iterator[Reader]:
    """Run the reader of one checkout while the block runs."""
    own = checkout == CHECKOUT
    python = sys.executable if own else str(checkout / ".venv" / "bin" / "python")
    with subprocess.Popen(  # noqa: S603 - our own reader
        [python, "-P", str(_READER)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        process.stdin.write(f"{folder}\n")
        yield Reader(checkout, process)


def measure(folder: Path, beside: Path | None, rounds: int) -> list[Section]:
    """Return the tables: ours beside the library, and beside another checkout if there is one."""
    mails = sum(path.is_file() for path in folder.rglob("*"))
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(reader(CHECKOUT, folder))
        theirs = stack.enter_context(reader(beside, folder)) if beside else None
        turns = [(ours, way) for way in WAYS] + ([(theirs, "parse")] if theirs else [])
        for number in range(rounds):
            for one, way in turns if number % 2 == 0 else reversed(turns):
                one.read(way)
        found = [library_section(ours, mails)]
        if theirs:
            found.append(beside_section(ours, theirs, mails))
        return found


def letters(folder: Path) -> Path:
    """Fill a folder with the same letter, and return it."""
    folder.mkdir()
    for number in range(_LETTERS):
        (folder / f"{number}.eml").write_bytes(LETTER)
    return folder


def library_section(ours: Reader, mails: int) -> Section:
    """Return the table beside the library. The ratio is that of the speeds."""
    library = 1e6 / ours.microseconds("compat32", mails)
    rows = [
        Row(name, "mails/s", 1e6 / ours.microseconds(way, mails), library, _FAST_ENOUGH)
        for name, way in (("read", "parse"), ("read and divided into sections", "whole"))
    ]
    return Section(f"Reading {mails:,} mails, of one processor", "ours", rows, right="compat32")


def beside_section(ours: Reader, theirs: Reader, mails: int) -> Section:
    """Return the table beside another checkout."""
    left, right = (1e6 / one.microseconds("parse", mails) for one in (ours, theirs))
    rows = [Row("read", "mails/s", left, right)]
    return Section("Beside another checkout", "ours", rows, right=theirs.checkout.name)


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
    """Print all measurements."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.parse", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=os.environ.get("MAILROOM_CORPUS"))
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="compare with this one")
    parser.add_argument("--rounds", type=int, default=5, help="how often each reads all mails")
    asked = parser.parse_args()
    beside = asked.beside.resolve() if asked.beside else None
    with temporary_folder() as made:
        folder = Path(asked.folder).resolve() if asked.folder else letters(made / "letters")
        sys.stdout.write(read_folder(folder) + "\n\n")
        for section in measure(folder, beside, asked.rounds):
            sys.stdout.write("\n".join([*section.lines(), ""]))
    sys.stdout.write(asyncio.run(read_isolated()) + "\n")


if __name__ == "__main__":
    main()
