"""The keys of an `email_object`: the spellings of each field, and the choice between them.

Messages carry a field under one spelling and Send takes it under others. Clients change one of them
and return the others unchanged, so the changed one counts.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from services.gateway.errors import disagreeing, refused

SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "to": ("to", "toaddress", "toaddresses"),
        "cc": ("cc", "ccaddress", "ccaddresses"),
        "bcc": ("bcc", "bccaddress", "bccaddresses"),
        "sender": ("from", "fromaddress"),
        "subject": ("subject",),
        "text": ("text", "bodyasplaintext"),
        "html": ("structuredtext",),
        "body": ("body",),
        "mime": ("mime", "mimetype"),
    }
)
"""In lower case, because clients write them with any capital letters."""

TO_KEYS: Final = ("toAddress", "ToAddress", "toAddresses", "to")
"""The spellings of `to` in seeds and messages, as the API's description lists them."""

READ_ONLY: Final = frozenset(
    {
        "attachments",
        "authenticated",
        "authenticatedbecause",
        "capabilities",
        "contactid",
        "emailtype",
        "id",
        "interactionid",
        "receiveddate",
        "sections",
        "state",
        "structuredtextmimetype",
        "thecomment",
        "truncated",
        "uri",
        "userdata",
        "warnings",
    }
)
"""Keys of the mail in messages of either release that no edit changes."""

_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {spelling: field for field, spellings in SPELLINGS.items() for spelling in spellings}
)
# Clients send each field under two or three spellings.
_MOST_NAMED: Final = 12

Spelled = dict[str, object]
Value = TypeVar("Value")


def by_field(mail: Mapping[str, object]) -> dict[str, Spelled]:
    """Return the values of each field under the spellings they were sent in.

    Null is as good as absent.

    Raises:
        RequestError: A field has more than 12 spellings: reading each would take long.
    """
    found: dict[str, Spelled] = {}
    for key, value in mail.items():
        field = _FIELDS.get(key.lower())
        if field is not None and value is not None:
            found.setdefault(field, {})[key] = value
            if len(found[field]) > _MOST_NAMED:
                raise refused(f"email_object has more than {_MOST_NAMED} spellings of one field")
    return found


def chosen(spelled: Mapping[str, Value], is_drafted: Callable[[Value], bool]) -> Value:
    """Return the value that differs from the draft; the drafted value where none does.

    Raises:
        RequestError: Several were changed, and to different values.
    """
    changed = {key: value for key, value in spelled.items() if not is_drafted(value)}
    values = list((changed or spelled).values())
    if any(value != values[0] for value in changed.values()):
        raise disagreeing(changed)
    return values[0]


def require_known(mail: Mapping[str, object]) -> None:
    """Return if every key of a mail is one that an operation reads or that messages carry.

    Raises:
        RequestError: One is not. A misspelt `ccAddress` must not be answered with ok.
    """
    unknown = [key[:64] for key in mail if key.lower() not in _FIELDS.keys() | READ_ONLY]
    if unknown:
        names = ", ".join(unknown[:_MOST_NAMED])
        raise refused(f"email_object has keys that nobody knows: {names}")


def ignored_keys(mail: Mapping[str, object], shown: Mapping[str, object]) -> list[str]:
    """Return the changed keys of a mail that no edit changes.

    `shown` is the mail as messages show it.
    """
    as_shown = {key.lower(): value for key, value in shown.items()}
    return [
        key
        for key, value in mail.items()
        if key.lower() in READ_ONLY and value is not None and value != as_shown.get(key.lower())
    ]
