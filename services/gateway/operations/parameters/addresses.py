"""Reads addresses as clients send them: strings, lists with commas, arrays, objects."""

from collections.abc import Mapping
from email.utils import getaddresses
from typing import Any, Final
from unicodedata import normalize

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from services.gateway.errors import refused
from shared.contracts.commands import MailAddress

# More than people write to at once; each is checked, shown and stored with the draft.
_MOST: Final = 500
# A path has 256 octets with its brackets (RFC 5321, 4.5.3.1.3).
_LONGEST: Final = 254
# Characters, as many as an address may have.
_LONGEST_NAME: Final = 320

ADDRESSES_SCHEMA: Final[dict[str, Any]] = {
    "description": "One address, several with commas between them, or a list.",
    "oneOf": [
        {"type": "string"},
        {
            "type": "array",
            "items": {
                "oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]
            },
        },
        {"type": "object", "additionalProperties": True},
    ],
}
"""JSON Schema of what `read_addresses` reads."""

# Names such as `.local` or `.test` are refused by default, but internal networks use them.
SPECIAL_USE_DOMAIN_NAMES.clear()


def read_addresses(value: object, name: str) -> list[MailAddress]:
    """Return the addresses in a value; `name` is the parameter that errors name.

    Raises:
        RequestError: One is not an address, or holds a line break, or there are more than 500.
    """
    found = [one for item in _items(value, name) for one in _read_item(item, name)]
    if len(found) > _MOST:
        raise refused(f"{name} holds more than {_MOST} addresses")
    return found


def read_address(value: object, name: str) -> MailAddress | None:
    """Return the one address in a value; None where there is none.

    Raises:
        RequestError: There are several, or it is not an address.
    """
    found = read_addresses(value, name)
    if len(found) > 1:
        raise refused(f"{name} has to be one address")
    return found[0] if found else None


def is_address(text: str) -> bool:
    """Say whether a text is an address that mail can be sent to, by RFC 5321 or RFC 6531."""
    if len(text.encode(errors="replace")) > _LONGEST:
        return False
    try:
        validate_email(
            text,
            strict=True,
            allow_smtputf8=True,
            check_deliverability=False,
            globally_deliverable=False,
        )
    except EmailNotValidError:
        return False
    return True


def _items(value: object, name: str) -> list[object]:
    match value:
        case str() | Mapping():
            return [value]
        case list():
            return value
        case _:
            raise refused(f"{name} has to be a text or a list")


def _read_item(item: object, name: str) -> list[MailAddress]:
    match item:
        case {"address": str() as address, **rest}:
            personal = rest.get("personal") or ""
            if not isinstance(personal, str):
                raise refused(f"{name} holds a name that is not a text")
            return [_read_pair(personal, address.strip(), name)]
        case str():
            return _read_text(item, name)
        case _:
            raise refused(f"{name} holds something that is not an address")


def _read_text(text: str, name: str) -> list[MailAddress]:
    _require_one_line(text, name)
    if not text.strip():
        return []
    # Some clients separate addresses by semicolons; inside quotes a semicolon belongs to the name.
    pairs = getaddresses([text if '"' in text else text.replace(";", ",")])
    pairs = [(personal, address) for personal, address in pairs if personal or address] or [
        ("", "")
    ]
    return [_read_pair(personal, address, name) for personal, address in pairs]


def _read_pair(personal: str, address: str, name: str) -> MailAddress:
    _require_one_line(personal + address, name)
    if len(personal) > _LONGEST_NAME:
        raise refused(f"{name} holds a name of more than {_LONGEST_NAME} characters")
    if not is_address(address):
        raise refused(f"{name} holds something that is not an address")
    return MailAddress(address=normalize("NFC", address), personal=personal)


def _require_one_line(text: str, name: str) -> None:
    if any(mark in text for mark in "\r\n\0"):
        raise refused(f"{name} must be on one line")
