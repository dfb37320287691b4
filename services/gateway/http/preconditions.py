"""`ETag`, `If-Match` and `If-None-Match` of interactions and contacts (RFC 9110 section 13)."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from services.gateway.errors import RequestError, Situation


class Versioned(Protocol):
    """Something that is stored with a version."""

    @property
    def version(self) -> int:
        """The version, which every change raises."""
        ...


_TAG: Final = re.compile(r'"(\d{1,18})"')
_ANY_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def entity_tag(stored: Versioned, view: str = "") -> str:
    """Return the ETag of a snapshot.

    `view` names what a reader sees who cannot change it: the same version shows them less.
    """
    return f'"{stored.version}-{view}"' if view else f'"{stored.version}"'


def digest_of(fields: Mapping[str, object]) -> str:
    """Return a digest of fields, for the tag of an answer with parts that have no version."""
    content = json.dumps(fields, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def is_known(if_none_match: Sequence[str], tag: str) -> bool:
    """Say whether `If-None-Match` names this tag (section 13.1.2)."""
    given = ",".join(if_none_match)
    return given.strip() == "*" or tag in _ANY_TAG.findall(given)


def expected_version(if_match: Sequence[str], stored: Versioned | None) -> int | None:
    """Return the version that `If-Match` names; None where any version may be changed.

    Weak tags match nothing (section 13.1.1).

    Raises:
        RequestError: It has another version, or does not exist (412).
    """
    tags = [tag.strip() for value in if_match for tag in value.split(",")]
    if not tags or (tags == ["*"] and stored is not None):
        return None
    versions = {int(found[1]) for tag in tags if (found := _TAG.fullmatch(tag))}
    if stored is not None and stored.version in versions:
        return stored.version
    message = "it has changed meanwhile: read it again"
    raise RequestError(Situation.PRECONDITION_FAILED, message)
