"""The id of a mail of ours in its subject (`Invoice [#MX30UYY9K84SDTGT]`), which answers repeat.

It is the last resort for programs that lose References. Whoever reads a subject knows the id, so it
joins a mail to a thread only where its sender took part in the mail that the id names.
"""

import re
from itertools import islice
from typing import Final

_ID: Final = re.compile(r"\[#([0-9A-Z]{16})\]", re.IGNORECASE)
_MOST: Final = 5
"""Ids of one subject that are looked for: a stranger may write any number of them."""


def subject_ids(subject: str) -> tuple[str, ...]:
    """Return the first five ids in a subject, once each."""
    found = (one.group(1).upper() for one in _ID.finditer(subject))
    return tuple(islice(dict.fromkeys(found), _MOST))


def with_subject_id(subject: str, interaction_id: str, longest: int) -> str:
    """Return a subject with the id at its end.

    One that has an id already keeps it alone: mail programs group a thread by its subject. One
    without room for the id stays as it is.
    """
    tagged = f"{subject} [#{interaction_id}]".lstrip()
    return subject if _ID.search(subject) or len(tagged) > longest else tagged
