"""Finds lines that introduce quoted mail, such as "On 3 March Ann wrote:"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.mail.sections.lines import Line, next_words
from shared.mail.sections.phrases.all_languages import phrases_of
from shared.mail.sections.phrases.phrase_set import PhraseSet

MOST_LINES: Final = 6
"""Lines of an attribution."""

_MOST_LINES_WITHOUT_PROOF: Final = 3
_LONGEST: Final = 500
_LONGEST_WITHOUT_PROOF: Final = 240
_NEAR_THE_END: Final = 40
_LONGEST_NAME: Final = 60
_MOST_WORDS_WITHOUT_ADDRESS: Final = 14


_WROTE: Final = phrases_of("wrote")
_SPOKE: Final = PhraseSet("said", "says", "typed", "posted", "scribbled", "asked", "mentioned")
_INTRO: Final = phrases_of("intro")
_CITES: Final = PhraseSet("Quoting", "Zitat von", "Zitiere", "Citando", "Citando a", "Citeren")
_INTRO_INSIDE: Final = re.compile(
    r"(?<=[\s.!?,;)])(?:On|Am|Le|El|Il|Em|Op|Den|Dne|Dnia|Pada|W dniu)"
    r"\s+(?=(?:\S{1,12}\s+){0,2}[^\s]{0,6}\d)"
)
# A person who writes about their own mail does not introduce another one.
_FIRST_PERSON: Final = re.compile(r"\b(?:I(?!\.)|we|[Ii]ch|wir|ik|wij|nous|j'ai|yo|io)\b")
_RUN_IN: Final = re.compile(
    r"(?<!\S)(?:On|Am|Le|El|Il|Em|Op|Den)\s.{5,160}?<[^\s<>@]{1,64}@[^\s<>@]{1,100}>.{0,20}?:(?=\s)"
)
_DIGIT: Final = re.compile(r"\d")
_DATE: Final = re.compile(
    # Each form begins with a digit: said first, it is all that is tried at most letters.
    r"(?=\d)(?:\d{1,4}[./-]\s?\d{1,2}[./-]|(?<!\d)(?:19|20)\d\d(?!\d)"
    r"|(?<!\d)\d{1,2}[:.h]\d\d(?!\d)|\d\s?[年月日년월일])",
)
ADDRESS: Final = re.compile(r"[^\s<>\"'()@]{1,64}@[^\s<>\"'()@]{1,190}|\(at\)|\[at\]| at \S+ dot ")
_ENDS: Final = re.compile(r"[:\N{FULLWIDTH COLON}][\s*_\-\]\")>]{0,4}\Z")
_MOST_AT_THE_END: Final = 5
_LAST_LETTERS: Final = (":", "\N{FULLWIDTH COLON}", "*", "_", "-", "]", ")", ">", '"')
_STARTS_WITH_DATE: Final = re.compile(r"\W{0,2}(?:[^\W\d]{2,12}[.,]{0,2}\s{1,2}){0,2}\d")


_NAME_ALONE: Final = re.compile(r"\[[^\]]{2,40}\]:?\Z|(?:[^\W\d_][\w.'-]{1,20} ?){1,3}:\Z")


@dataclass(frozen=True, slots=True)
class Attribution:
    """The lines from `first` to before `end`.

    `start` is the offset of the first character; it is inside the line where new words stand
    before. `is_proven` means that even text without quotation marks after it is quoted.
    """

    start: int
    end: int
    is_proven: bool


def _ends_with_colon(words: str) -> bool:
    """Say whether a line ends with a colon, marks after it aside."""
    last = words[-_MOST_AT_THE_END:]
    is_possible = ":" in last or "\N{FULLWIDTH COLON}" in last
    return is_possible and _ENDS.search(last) is not None


def has_date(words: str) -> bool:
    """Say whether there is a date or a time of day in a line."""
    digit = _DIGIT.search(words)
    return digit is not None and _DATE.search(words, digit.start()) is not None


def has_address(words: str) -> bool:
    """Say whether there is an address in a line, also one that is spelled out."""
    # Most lines have none of these letters, and the pattern tries each of their positions.
    is_possible = "@" in words or " at " in words or "(at)" in words or "[at]" in words
    return is_possible and ADDRESS.search(words) is not None


def next_ends(lines: Sequence[Line]) -> list[int]:
    """Return for each line where the next one is that may end an attribution, itself included."""
    found = [len(lines)] * len(lines)
    nearest = len(lines)
    quoted = 0
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if line.words.endswith(_LAST_LETTERS) or quoted > line.depth:
            nearest = at
        quoted = line.depth if line.words or line.depth else quoted
        found[at] = nearest
    return found


def attribution_at(lines: Sequence[Line], first: int) -> Attribution | None:
    """Return the attribution that begins in a line, None if there is none."""
    depth = lines[first].depth
    parts: list[str] = []
    length = 0
    for at in range(first, min(len(lines), first + MOST_LINES)):
        line = lines[at]
        if line.depth != depth or length > _LONGEST:
            return None
        if not line.words:
            if not _may_go_on(parts, lines, at):
                return None
            continue
        parts.append(line.words)
        length += len(line.words) + 1
        if len(parts) == 1 and not _may_begin(line, lines, first):
            return None
        found = _judge(lines, first, at, parts)
        if found is not None:
            return found
        if _ends_with_colon(line.words):
            return None
    return None


def _may_begin(line: Line, lines: Sequence[Line], at: int) -> bool:
    """Say cheaply whether an attribution may begin in a line."""
    words = line.words
    return bool(
        _ends_with_colon(words)
        or _is_before_quoted(lines, at + 1, line.depth)
        or _run_in(words) is not None
        or _INTRO.begins(words)
        or has_date(words)
        or has_address(words)
        or _is_name_above_address(lines, at)
    )


def _is_name_above_address(lines: Sequence[Line], at: int) -> bool:
    after = lines[at + 1].words if at + 1 < len(lines) else ""
    return after.startswith("<") and "@" in after and len(lines[at].words) <= _LONGEST_NAME


def _may_go_on(parts: list[str], lines: Sequence[Line], at: int) -> bool:
    """Say whether an attribution goes on after an empty line: one that HTML left behind."""
    after = next_words(lines, at, 1)
    return bool(
        parts
        and after is not None
        and _INTRO.begins(parts[0])
        and has_date(parts[0])
        and lines[after].words.startswith(("<", "wrote"))
    )


def _judge(lines: Sequence[Line], first: int, last: int, parts: list[str]) -> Attribution | None:
    words = " ".join(parts)
    depth = lines[first].depth
    if first == last and (run_in := _run_in(words)) is not None:
        start = lines[first].start + (lines[first].indent + run_in if not depth else 0)
        return Attribution(start, last + 1, is_proven=True)
    if _is_proof(words):
        if first == last or not _begins_later(parts):
            inside = _inside(lines[first], words)
            return Attribution(lines[first].start + inside, last + 1, is_proven=True)
        return None
    is_before = _is_before_quoted(lines, last + 1, depth)
    if len(parts) <= _MOST_LINES_WITHOUT_PROOF and is_before and _is_likely(words, parts):
        return Attribution(lines[first].start, last + 1, is_proven=False)
    return None


def _is_proof(words: str) -> bool:
    """Say whether a sentence names an author and a time or an address, as programs do."""
    if len(words) > _LONGEST or not _ends_with_colon(words):
        return False
    is_dated, is_addressed = has_date(words), has_address(words)
    if is_addressed and _CITES.begins(words):
        return True
    if _FIRST_PERSON.search(words) and "<" not in words:
        return False
    if (is_dated or is_addressed) and _WROTE.is_in(words):
        return is_addressed or words.count(" ") < _MOST_WORDS_WITHOUT_ADDRESS
    return bool(
        is_dated and is_addressed and (_STARTS_WITH_DATE.match(words) or _INTRO.begins(words))
    )


def _is_likely(words: str, parts: list[str]) -> bool:
    """Say whether a sentence right before quoted lines introduces them."""
    if len(words) > _LONGEST_WITHOUT_PROOF:
        return False
    if len(parts) > 1 and not (_INTRO.begins(parts[0]) or has_date(parts[0])):
        return False
    if len(parts) == 1 and _NAME_ALONE.match(words):
        return True
    return _has_author(words) or _has_time(words)


def _has_author(words: str) -> bool:
    ends = _ends_with_colon(words)
    if ends and (_WROTE.is_in(words) or _SPOKE.is_in(words[-_NEAR_THE_END:])):
        return True
    is_sourced = has_date(words) or has_address(words)
    return _WROTE.is_in(words[-_NEAR_THE_END:]) and (is_sourced or _ends_with_verb(words))


def _has_time(words: str) -> bool:
    ends = _ends_with_colon(words)
    is_dated = has_date(words)
    if has_address(words) and (ends or is_dated):
        return True
    return ends and is_dated and bool(_INTRO.begins(words) or _STARTS_WITH_DATE.match(words))


def _ends_with_verb(words: str) -> bool:
    """Say whether a short line is name and verb only, without a colon: "Ann Client wrote"."""
    last_word = words.rpartition(" ")[2]
    return len(words) <= _LONGEST_NAME and _WROTE.is_all_of(last_word)


def _begins_later(parts: list[str]) -> bool:
    """Say whether the attribution begins in a later line, so that the first one is not part."""
    for at in range(1, len(parts)):
        rest = " ".join(parts[at:])
        if (_INTRO.begins(rest) or _STARTS_WITH_DATE.match(rest)) and _is_proof(rest):
            return not _INTRO.begins(parts[0]) or has_date(parts[at])
    return False


def _run_in(words: str) -> int | None:
    """Return where an attribution begins that has the quoted words behind it in the same line."""
    if ">" not in words or "@" not in words or ": " not in words:
        return None
    found = _RUN_IN.search(words)
    proves = found and _WROTE.is_in(found[0]) and has_date(found[0])
    return found.start() if found and proves else None


def _inside(line: Line, words: str) -> int:
    """Return how many characters of the first line stand before the attribution."""
    if _INTRO.begins(words):
        return 0
    found = _INTRO_INSIDE.search(line.words)
    if found is None or not _is_proof(words[found.start() :]):
        return 0
    return line.indent + found.start() if not line.depth else 0


def _is_before_quoted(lines: Sequence[Line], at: int, depth: int) -> bool:
    after = next_words(lines, at, 1)
    return after is not None and lines[after].depth > depth
