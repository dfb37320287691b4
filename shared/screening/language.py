"""Tells the language of a text.

The library (CLD3, of Chromium) is loaded for the first text: most descriptions test no language.
"""

from functools import lru_cache
from typing import Any, Final

_LONGEST: Final = 2_000
"""Characters that are looked at: the beginning of a mail has its language."""

_LEAST_LETTERS: Final = 20
"""Fewer letters are alike in many languages."""

_LEAST_PROBABLE: Final = 0.9
_OTHER_NAMES: Final = {"iw": "he", "fil": "tl"}
"""The library's names of languages that ISO 639-1 names otherwise."""


def language_of(text: str) -> str:
    """Return the language of a text by its name in ISO 639-1, "" where it is not sure."""
    beginning = text[:_LONGEST]
    if sum(map(str.isalpha, beginning)) < _LEAST_LETTERS:
        return ""
    found = _detector().FindLanguage(text=beginning.encode("utf-8", "replace"))
    if not found.is_reliable or found.probability < _LEAST_PROBABLE:
        return ""
    name = str(found.language).partition("-")[0]
    return _OTHER_NAMES.get(name, name)


@lru_cache(maxsize=1)
def _detector() -> Any:
    import gcld3  # noqa: PLC0415 - loaded where a rule asks for a language

    return gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4 * _LONGEST)
