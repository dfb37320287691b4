"""Texts with fields that are filled in when a mail is written, such as `{{ original.subject }}`."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator

FIELDS: Final = ("original.subject", "contact.name", "mailbox.address", "date")
"""The fields of a text: the mail that is answered, its author, our address, and today (UTC)."""

_FIELD: Final = re.compile(r"\{\{([^{}]{0,200})\}\}")
_ANY_BRACES: Final = re.compile(r"\{\{|\}\}")


def _template(text: str) -> str:
    for found in _FIELD.finditer(text):
        name = found[1].partition("|")[0].strip()
        if name not in FIELDS:
            raise ValueError(f"there is no field {name!r}: there are {', '.join(FIELDS)}")
    if _ANY_BRACES.search(_FIELD.sub("", text)):
        raise ValueError("a field looks like {{ contact.name }} or {{ contact.name | customer }}")
    return text


Template = Annotated[str, AfterValidator(_template)]


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a text with its fields filled in; an empty one becomes its default, if it has any."""

    def value_of(found: re.Match[str]) -> str:
        name, _, default = found[1].partition("|")
        return values.get(name.strip(), "") or default.strip()

    return _FIELD.sub(value_of, template)
