"""Tests of a text by a word, a part, a glob or a regular expression, in linear time. Pure.

The texts are strangers', so nothing here backtracks: regular expressions are RE2's.
"""

import fnmatch
import re
from functools import lru_cache
from typing import Any, Final

import re2

from shared.contracts.screening import TextTest

_MOST_PATTERNS: Final = 1_000
_MEMORY: Final = 1 << 20
"""Octets for one compiled expression, enough for thousands of alternatives."""


class BadPatternError(ValueError):
    """A pattern is no regular expression of RE2; the text says why."""


def require_pattern(pattern: str) -> None:
    """Check that a text is a regular expression that fits into memory.

    Raises:
        BadPatternError: It is not.
    """
    _expression(pattern)


def passes(test: TextTest, value: str, *, of_words: bool) -> bool:
    """Say whether a value passes a test, without regard to case.

    With `of_words` the value is a text, and `word` is any whole word of it; without, `word` is the
    whole value.
    """
    if test.word is not None:
        wanted, found = test.word.casefold(), value.casefold()
        return _has_word(found, wanted) if of_words else found.strip() == wanted
    if test.contains is not None:
        return test.contains.casefold() in value.casefold()
    if test.glob is not None:
        return _glob(test.glob.casefold()).fullmatch(value.casefold().strip()) is not None
    # RE2 reads UTF-8, which has no lone surrogates.
    text = value.encode(errors="replace").decode()
    return test.matches is not None and _expression(test.matches).search(text) is not None


def _has_word(text: str, word: str) -> bool:
    """Say whether a word or phrase stands in a text with no letter or digit beside it."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
            return True
        start = text.find(word, start + 1)
    return False


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
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPatternError(f"this is no regular expression of RE2: {words}") from None
