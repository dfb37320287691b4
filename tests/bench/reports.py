"""How well reports are read: `python -m tests.bench.reports [CORPUS]`.

The list has letters of many kinds of servers (tests/support/reports), and real mails of other
projects where they are present. Recipients, statuses and hard verdicts are counted; a verdict is
right only for a recipient that was found. Last come the automatic mails of the list that would ring
a human, and the letters of people that would be taken for a machine's.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from shared.mail.parsing.reports import read_report
from tests.support.reports.automatic_mails import ABSENCES, LOOK_ALIKES, is_quiet
from tests.support.reports.corpus import labelled_corpus
from tests.support.reports.labels import Labelled
from tests.support.reports.letters import LETTERS
from tests.support.reports.machine_reports import LETTERS_OF_PEOPLE, MACHINE_REPORTS

COLUMNS = ("recipient", "status", "hard or soft")
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class Score:
    """Counts of one list."""

    mails: int = 0
    kinds: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    found: int = 0
    wanted: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, labelled: Labelled) -> None:
        """Count one mail."""
        read = read_report(labelled.raw)
        self.mails += 1
        self.kinds += (read.kind if read else None) == labelled.kind
        got = {one.address.lower(): one for one in (read.recipients if read else ())}
        want = {one.address.lower(): one for one in labelled.verdicts}
        self.found += len(got)
        self.wanted += len(want)
        both = got.keys() & want.keys()
        self.hits["recipient"] += len(both)
        self.hits["status"] += sum(got[one].status == want[one].status for one in both)
        self.hits["hard or soft"] += sum(got[one].hard == want[one].hard for one in both)
        if (read.kind if read else None) != labelled.kind or {
            (one.address, one.status, one.hard) for one in got.values()
        } != {(one.address, one.status, one.hard) for one in want.values()}:
            self.wrong.append(f"{labelled.name}: {read and (read.kind, read.recipients)}")

    def f1(self, what: str) -> float:
        """Return the F1 of recipients, or of their verdicts, in percent."""
        return 200 * self.hits[what] / max(1, self.found + self.wanted)


def score(several: Iterable[Labelled]) -> Score:
    """Return the score of a list."""
    result = Score()
    for one in several:
        result.add(one)
    return result


def main() -> None:
    """Print a row for each list, then the mails that were read otherwise than labelled."""
    default = os.environ.get("MAILROOM_CORPUS", str(CHECKOUT.parent / "shared" / "corpus"))
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else default)
    lists = {
        "letters of servers": LETTERS,
        "parts for machines": MACHINE_REPORTS,
        "letters of people": LETTERS_OF_PEOPLE,
        "real mails": labelled_corpus(corpus),
    }
    scores = {name: score(several) for name, several in lists.items()}
    print(f"{'':20} {'mails':>6} {'kind':>7} {'recipient':>10} {'status':>7} {'hard or soft':>13}")
    for name, one in scores.items():
        if not one.mails:
            print(f"{name:20} none at {corpus}")
            continue
        figures = [f"{one.f1(what):.1f}" if one.wanted else "-" for what in COLUMNS]
        row = f"{name:20} {one.mails:6} {100 * one.kinds / one.mails:6.1f}% "
        print(row + "{:>10} {:>7} {:>13}".format(*figures))
    for one in scores.values():
        print(*one.wrong, sep="\n", end="\n" if one.wrong else "")
    automatic = [*LETTERS, *MACHINE_REPORTS, *ABSENCES]
    ringing = [one.name for one in automatic if not is_quiet(one)]
    share = 100 * len(ringing) / len(automatic)
    print(
        f"{len(ringing)} of {len(automatic)} automatic mails without our token ring a human "
        f"({share:.1f} %, at most 2):",
        *ringing,
    )
    people = [*LETTERS_OF_PEOPLE, *LOOK_ALIKES]
    mistaken = [one.name for one in people if is_quiet(one)]
    print(
        f"{len(mistaken)} of {len(people)} letters of people are taken for a machine's", *mistaken
    )
    print(f"{_milliseconds(LETTERS):.2f} ms a letter")


def _milliseconds(several: Iterable[Labelled]) -> float:
    raws = [one.raw for one in several]
    started = time.perf_counter()
    for raw in raws:
        read_report(raw)
    return (time.perf_counter() - started) / len(raws) * 1000


if __name__ == "__main__":
    main()
