"""`ETag` and `If-Match` (RFC 9110): the version of an interaction, so that no edit is lost."""

import re
from collections.abc import Sequence
from typing import Final

from services.gateway.errors import RequestError, Situation
from shared.domain.interaction import Interaction

_TAG: Final = re.compile(r'"(\d{1,18})"')


def entity_tag(interaction: Interaction) -> str:
    """Return the ETag of a snapshot."""
    return f'"{interaction.version}"'


def expected_version(if_match: Sequence[str], interaction: Interaction | None) -> int | None:
    """Return the version that a request may change; None where it does not care.

    Weak tags match nothing (RFC 9110 section 13.1.1).

    Raises:
        RequestError: The interaction has another version by now, or does not exist.
    """
    tags = [tag.strip() for value in if_match for tag in value.split(",")]
    if not tags or (tags == ["*"] and interaction is not None):
        return None
    versions = {int(found[1]) for tag in tags if (found := _TAG.fullmatch(tag))}
    if interaction is not None and interaction.version in versions:
        return interaction.version
    raise RequestError(Situation.PRECONDITION_FAILED, "the interaction has changed meanwhile")
