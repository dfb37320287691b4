"""The sections of a mail's text."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Names what a section is.

    `NEW` is what the sender wrote now. `ATTRIBUTION` introduces quoted mail: "On … Ann wrote:", a
    line such as "Original Message", or repeated headers. `DISCLAIMER` is what a server adds: legal
    notices, warnings of gateways, footers of mailing lists, advertisements.
    """

    NEW = "new"
    QUOTED = "quoted"
    ATTRIBUTION = "attribution"
    SIGNATURE = "signature"
    DISCLAIMER = "disclaimer"


@dataclass(frozen=True, slots=True)
class Section:
    """The characters `text[start:end]` and what they are."""

    kind: Kind
    start: int
    end: int
