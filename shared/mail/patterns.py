"""Patterns of words, whatever their case."""

import re
from collections.abc import Iterator
from typing import Final

_NO_LETTER: Final = re.compile(r"\\N\{[^}]*\}|\\.", re.DOTALL)
"""The signs of a pattern that stand for something else than themselves."""


class AnyCase:
    """A pattern that is written in lower case, and finds its words in any.

    Python tries each alternative in full where case does not count, and only its first letter
    where it does. So text in ASCII, which is most, is searched in lower case.
    """

    def __init__(self, pattern: str) -> None:
        letters = _NO_LETTER.sub("", pattern)
        if letters != letters.lower():
            raise ValueError("a pattern for any case has to be written in lower case")
        self._of_ascii = re.compile(pattern)
        self._of_all = re.compile(pattern, re.IGNORECASE)

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first place where the words stand. Its text may be in lower case."""
        return self._of_ascii.search(text.lower()) if text.isascii() else self._of_all.search(text)

    def match(self, text: str) -> re.Match[str] | None:
        """Return the words at the beginning of a text, as `search` does."""
        return self._of_ascii.match(text.lower()) if text.isascii() else self._of_all.match(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield each place, as `search` does."""
        if text.isascii():
            return self._of_ascii.finditer(text.lower())
        return self._of_all.finditer(text)
