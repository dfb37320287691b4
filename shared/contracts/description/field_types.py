"""The types of texts in `contact-center.yaml`; the error of each says what it looks like."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_SKILL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ADDRESS: Final = re.compile(r"[^@\s<>\"]{1,64}@[A-Za-z0-9.-]{1,189}")
_MEDIA_TYPE_PATTERN: Final = re.compile(r"[A-Za-z0-9.+-]{1,127}/([A-Za-z0-9.+-]{1,127}|[*])")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{64}")
_EXTENSION: Final = re.compile(r"[A-Za-z0-9]{1,16}")


def _skill(value: str) -> str:
    # It becomes part of a field's path in the database, where a dot separates fields.
    if not _SKILL.fullmatch(value):
        raise ValueError(
            "a skill has 1 to 64 letters, digits, hyphens and underscores, "
            "and begins with a letter or digit"
        )
    return value


def _mail_address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("an address looks like support@example.com")
    return value.lower()


def _password_hash(value: str) -> str:
    if not value.startswith("$argon2id$"):
        raise ValueError("this is no argon2id hash: `mailroom hash-password` makes one")
    return value


def _token_digest(value: str) -> str:
    if not _DIGEST.fullmatch(value):
        raise ValueError("this is no SHA-256: `mailroom make-token NAME` prints a token's")
    return value.lower()


def _media_type_pattern(value: str) -> str:
    if not _MEDIA_TYPE_PATTERN.fullmatch(value):
        raise ValueError("a media type looks like image/png or image/*")
    return value.lower()


def _host_name(value: str) -> str:
    if not _HOST_NAME.fullmatch(value):
        raise ValueError("a server's name looks like mx.example.com")
    return value.lower()


def _extension(value: str) -> str:
    if not _EXTENSION.fullmatch(value):
        raise ValueError("an extension has letters and digits only, such as exe")
    return value.lower()


Skill = Annotated[str, AfterValidator(_skill)]
Skills = dict[Skill, Annotated[int, Field(ge=1, le=10)]]
MailboxAddress = Annotated[str, AfterValidator(_mail_address)]
PasswordHash = Annotated[str, AfterValidator(_password_hash)]
TokenDigest = Annotated[str, AfterValidator(_token_digest)]
MediaTypePattern = Annotated[str, AfterValidator(_media_type_pattern)]
Extension = Annotated[str, AfterValidator(_extension)]
HostName = Annotated[str, AfterValidator(_host_name)]
