"""Finds phrases in the words of a mail."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"\w+")
_MOST_MARKS: Final = 4
_FIRST_WORD: Final = re.compile(rf"\W{{0,{_MOST_MARKS}}}+(\w++)")


class PhraseSet:
    """Finds phrases as whole words, whatever their case, in time that grows with the text only.

    Thai, Chinese, Japanese and Korean have no blanks between words: there a phrase is found
    anywhere.
    """

    def __init__(self, *phrases: str) -> None:
        folded = sorted({phrase.casefold().strip() for phrase in phrases}, key=len, reverse=True)
        self._dense = tuple(phrase for phrase in folded if _is_dense(phrase))
        self._by_first_word: dict[str, list[str]] = {}
        for phrase in folded:
            if found := _WORD.search(phrase):
                self._by_first_word.setdefault(found[0], []).append(phrase)

    def is_in(self, text: str) -> bool:
        """Say whether one of the phrases occurs in a text."""
        folded = text.casefold()
        if not folded.isascii() and has_any(folded, self._dense):
            return True
        return any(self._end_at(folded, word) for word in _WORD.finditer(folded))

    def begins(self, text: str) -> bool:
        """Say whether a text begins with one of the phrases, marks before it aside."""
        return self._may_begin(text) and self._end_of_first(text.casefold()) is not None

    def is_all_of(self, text: str) -> bool:
        """Say whether a text is one of the phrases, marks around it aside."""
        if not self._may_begin(text):
            return False
        folded = text.casefold()
        end = self._end_of_first(folded)
        return end is not None and not _WORD.search(folded, end)

    def _may_begin(self, text: str) -> bool:
        """Say cheaply whether a text may begin with a phrase: most of those in ASCII do not."""
        return not text.isascii() or _first_word(text) in self._by_first_word

    def _end_of_first(self, folded: str) -> int | None:
        if (word := _WORD.search(folded)) is None or word.start() > _MOST_MARKS:
            return None
        if end := self._end_at(folded, word):
            return end
        if folded.isascii():
            return None
        return next(
            (
                word.start() + len(one)
                for one in self._dense
                if folded.startswith(one, word.start())
            ),
            None,
        )

    def _end_at(self, folded: str, word: re.Match[str]) -> int | None:
        for phrase in self._by_first_word.get(word[0], ()):
            end = word.start() + len(phrase)
            is_whole = not folded[end : end + 1].isalnum()
            if is_whole and folded.startswith(phrase, word.start()):
                return end
        return None


# Several sets ask for the first word of the same line.
@lru_cache(maxsize=64)
def _first_word(text: str) -> str:
    """Return the first word of a text in lower case; "" if too many marks stand before it."""
    word = _FIRST_WORD.match(text)
    return word[1].lower() if word else ""


def has_any(folded: str, phrases: Iterable[str]) -> bool:
    """Say whether one of some phrases is in a text, also inside of a word."""
    for phrase in phrases:  # noqa: SIM110 - any() takes twice the time here
        if phrase in folded:
            return True
    return False


def _is_dense(phrase: str) -> bool:
    return any("\u0e00" <= letter <= "\u0e7f" or letter >= "\u3040" for letter in phrase)
