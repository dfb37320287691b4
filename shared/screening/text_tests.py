"""Tests of a text by a word, a part, a glob or a regular expression, in linear time. Pure.

The texts are strangers', so nothing here backtracks: regular expressions are RE2's.
"""

import fnmatch
import re
import sys
from functools import cached_property, lru_cache
from typing import Any, Final

import re2

from shared.contracts.screening import TextTest

_MOST_PATTERNS: Final = 1_000
_MEMORY: Final = 1 << 20
"""Octets for one compiled expression, enough for thousands of alternatives."""


_LARGEST_PROGRAM: Final = 3_000
"""Instructions of a compiled expression: RE2 may go through all of them for each octet."""

_MOST_STEPS: Final = 40_000_000
"""Instructions times octets for one test of a mail: 0.2 s at worst, 5 ns for each step."""

MOST_STEPS_IN_ALL: Final = 2_000_000_000
"""The same for all rules: 10 s at worst, as long as the parsing of a slow mail may take."""

_LONGEST_TEXT: Final = 600_000
"""Octets of the longest text that rules test, which has 200,000 characters."""


class BadPatternError(ValueError):
    """A pattern is no regular expression of RE2, or too large a one; the text says why."""


def require_pattern(pattern: str) -> None:
    """Check that a text is a regular expression that is small enough for long texts.

    Raises:
        BadPatternError: It is not.
    """
    if _instructions(pattern) > _LARGEST_PROGRAM:
        raise BadPatternError(
            "this takes too long on a long text: shorten repeats such as {0,300}, or write `*`"
        )


def most_steps(pattern: str) -> int:
    """Return how many steps a test of an expression takes at most on the mail of a stranger."""
    return min(_instructions(pattern) * _LONGEST_TEXT, _MOST_STEPS)


def searched_octets(test: TextTest) -> int:
    """Return how many octets of a mail a test may search, over all texts of one place.

    An expression of more instructions searches fewer of them, so that its time has a bound.
    """
    if test.matches is None:
        return sys.maxsize
    return _MOST_STEPS // max(1, _instructions(test.matches))


class SearchedText:
    """A text that many tests search: each form of it is made once, when a test needs it."""

    def __init__(self, value: str) -> None:
        self._value = value

    @cached_property
    def folded(self) -> str:
        """The text without regard to case."""
        return self._value.casefold()

    @cached_property
    def stripped(self) -> str:
        """The folded text without blanks around it."""
        return self.folded.strip()

    @cached_property
    def octets(self) -> bytes:
        """The text as RE2 reads it: UTF-8, which has no lone surrogates."""
        return self._value.encode(errors="replace")


def passes(
    test: TextTest, text: SearchedText, *, of_words: bool, at_most: int = sys.maxsize
) -> bool:
    """Say whether a text passes a test, without regard to case.

    With `of_words`, `word` is any whole word of the text; without, `word` is the whole text. A
    regular expression searches the first `at_most` octets.
    """
    if test.word is not None:
        wanted = test.word.casefold()
        if not of_words:
            return text.stripped == wanted
        return _word(wanted).search(text.folded) is not None
    if test.contains is not None:
        return test.contains.casefold() in text.folded
    if test.glob is not None:
        return _glob(test.glob.casefold()).fullmatch(text.stripped) is not None
    if test.matches is None:
        return False
    return _expression(test.matches).search(text.octets[:at_most]) is not None


@lru_cache(maxsize=_MOST_PATTERNS)
def _word(word: str) -> "re.Pattern[str]":
    """Return an expression for a word or phrase with no letter or digit beside it.

    It begins with the word itself, because `re` looks for such a beginning in linear time. The
    text before the word is looked at last, over as many characters as the word has.
    """
    before = rf"(?<![^\W_][\s\S]{{{len(word)}}})"
    return re.compile(rf"{re.escape(word)}(?![^\W_]){before}")


@lru_cache(maxsize=_MOST_PATTERNS)
def _glob(pattern: str) -> "re.Pattern[str]":
    """Return a glob whose brackets mean themselves. Each star takes as little as it can, once."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


@lru_cache(maxsize=_MOST_PATTERNS)
def _expression(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        # A pattern in octets searches octets; RE2 takes both for UTF-8.
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0]
        words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPatternError(f"this is no regular expression of RE2: {words}") from None


def _instructions(pattern: str) -> int:
    return int(_expression(pattern).programsize)
