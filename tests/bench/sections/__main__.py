"""How well sections are told apart: `python -m tests.bench.sections [--show]`.

For each mail counts how alike the new words are that the reader and the list name: F1 over words,
1 for the same words. "Nothing done" calls every word new. `--show` prints the mails that differ.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from shared.mail.sections.reader import sections
from tests.bench.sections.labelled_mails import (
    CORPUS,
    LabelledMail,
    corpus_mails,
    mails_in_languages,
    written_mails,
)

_HEAD: Final = f"{'':28}{'mails':>6}{'words F1':>10}{'same':>8}{'lines':>8}{'nothing done':>14}"


def newest(text: str) -> str:
    """Return the new words of a text."""
    found = (text[one.start : one.end] for one in sections(text) if one.kind == "new")
    return "".join(found).strip()


def likeness(found: str, wanted: str) -> float:
    """Return how alike two texts are: F1 over their words, 1 for the same words."""
    a, b = Counter(found.split()), Counter(wanted.split())
    if not a and not b:
        return 1.0
    return 2 * sum((a & b).values()) / (sum(a.values()) + sum(b.values()))


def line_kinds(text: str) -> list[str]:
    """Return the kind of each line, that of its first section."""
    kinds = list[str]()
    position = 0
    found = sections(text)
    number = 0
    for line in text.splitlines(keepends=True):
        while found[number].end <= position:
            number += 1
        kinds.append(found[number].kind)
        position += len(line)
    return kinds


def score(mails: Iterable[LabelledMail], measure: Callable[[LabelledMail], float]) -> float:
    """Return the mean of a measure in percent."""
    found = [measure(mail) for mail in mails]
    return 100 * sum(found) / len(found)


def is_same(mail: LabelledMail) -> bool:
    """Say whether the new words are the same, blanks aside."""
    return newest(mail.text).split() == mail.new.split()


def right_lines(mail: LabelledMail) -> float:
    """Return the share of lines with words whose kind is the one of the list."""
    lines = mail.text.splitlines()
    found = line_kinds(mail.text)
    pairs = [
        one == two
        for line, one, two in zip(lines, found, mail.kinds, strict=True)
        if line.strip("> \t")
    ]
    return sum(pairs) / len(pairs)


def _row(name: str, mails: list[LabelledMail]) -> str:
    return (
        f"{name:28}{len(mails):6}"
        f"{score(mails, lambda one: likeness(newest(one.text), one.new)):10.1f}"
        f"{score(mails, is_same):8.1f}{score(mails, right_lines):8.1f}"
        f"{score(mails, lambda one: likeness(one.text, one.new)):14.1f}"
    )


def _show(mails: Iterable[LabelledMail]) -> None:
    for mail in mails:
        if right_lines(mail) < 1 or not is_same(mail):
            print(f"\n{mail.name}")
            for line, found, wanted in zip(
                mail.text.splitlines(), line_kinds(mail.text), mail.kinds, strict=True
            ):
                print(f"{' ' if found == wanted else '!'} {found[0]} {wanted[0]}|{line[:100]}")


def main() -> None:
    """Print the scores."""
    groups = {
        "written for this list": list(written_mails()),
        "programs in 40 languages": list(mails_in_languages()),
        "of the corpus": list(corpus_mails()),
    }
    every = [mail for mails in groups.values() for mail in mails]
    if "--show" in sys.argv:
        _show(every)
    print(_HEAD)
    for name, mails in groups.items():
        print(_row(name, mails) if mails else f"{name:28} skipped: nothing at {CORPUS}")
    print(_row("all", every))
    began = time.perf_counter()
    for mail in every:
        sections(mail.text)
    took = time.perf_counter() - began
    print(f"{len(every) / took:,.0f} mails/s")


if __name__ == "__main__":
    main()
