"""The sections about files: which may be attached, and what scans them."""

from pydantic import ByteSize, Field

from shared.contracts.description.field_types import Extension, HostName, MediaTypePattern
from shared.contracts.description.sections import Section


class VirusScanner(Section):
    """The clamd of ClamAV that scans files in both directions."""

    host: HostName
    port: int = Field(default=3310, ge=1, le=65535)


class AttachmentRules(Section):
    """The rules for files that agents attach. Sizes are bytes, or texts such as `20 MB`.

    `largest_mail` and `most_files` apply to all files of one mail together. A pattern in
    `allowed_types` or `forbidden_types` is a media type such as `image/png` or `image/*`. Without
    `allowed_types` all types are allowed. Extensions have no dot and are in lower case.
    """

    largest_file: ByteSize = ByteSize(20_000_000)
    largest_mail: ByteSize = ByteSize(40_000_000)
    most_files: int = Field(default=100, ge=1, le=1000)
    allowed_types: tuple[MediaTypePattern, ...] = ()
    forbidden_types: tuple[MediaTypePattern, ...] = ()
    forbidden_extensions: tuple[Extension, ...] = (
        "bat",
        "cmd",
        "com",
        "cpl",
        "exe",
        "hta",
        "jse",
        "lnk",
        "msi",
        "pif",
        "scr",
        "vbe",
        "vbs",
        "wsf",
    )
