"""The phrases of all languages together."""

from itertools import chain

from shared.mail.sections.phrases.latin_script import LATIN
from shared.mail.sections.phrases.other_scripts import OTHERS
from shared.mail.sections.phrases.phrase_set import PhraseSet


def phrases_of(*fields: str) -> PhraseSet:
    """Return the phrases of some fields in all languages."""
    return PhraseSet(*(phrase for field in fields for phrase in alternatives(field)))


def alternatives(field: str) -> tuple[str, ...]:
    """Return the phrases of one field in all languages, longest first, each once."""
    found = {
        phrase.strip()
        for phrases in chain(LATIN.values(), OTHERS.values())
        for phrase in getattr(phrases, field).split("|")
        if phrase.strip()
    }
    return tuple(sorted(found, key=lambda phrase: (-len(phrase), phrase)))
