"""Validation errors in plain words, for people who know neither Python nor pydantic."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_LIST: Final = "has to be a list; leave the key out where there is nothing"
_FIELDS: Final = "has to have fields, such as `name: value`"
_TEXT: Final = "has to be a text: put it in quotes"
_TRUTH: Final = "has to be true or false"
_WHOLE: Final = "has to be a whole number"
_NUMBER: Final = "has to be a number"
_SIZE: Final = "has to be a size, such as 20 MB or 20000000"
_DATE: Final = "has to be a date, such as 2026-11-01"
_DURATION: Final = "has to be a duration, such as 30 (seconds) or PT30S"

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is no field of a contact center: misspelt?",
        "tuple_type": _LIST,
        "list_type": _LIST,
        "frozen_set_type": _LIST,
        "dict_type": _FIELDS,
        "model_type": _FIELDS,
        "model_attributes_type": _FIELDS,
        "string_type": _TEXT,
        "bool_type": _TRUTH,
        "bool_parsing": _TRUTH,
        "int_type": _WHOLE,
        "int_parsing": _WHOLE,
        "int_parsing_size": _WHOLE,
        "int_from_float": _WHOLE,
        "float_type": _NUMBER,
        "float_parsing": _NUMBER,
        "byte_size": _SIZE,
        "byte_size_unit": _SIZE,
        "date_type": _DATE,
        "date_parsing": _DATE,
        "date_from_datetime_parsing": _DATE,
        "date_from_datetime_inexact": _DATE,
        "time_delta_type": _DURATION,
        "time_delta_parsing": _DURATION,
    }
)


def in_words(kind: str, message: str) -> str:
    """Return the plain words for an error of pydantic, given its type and message."""
    if kind in _WORDS:
        return _WORDS[kind]
    words = message.removeprefix("Value error, ").replace("Input should be", "has to be")
    return words if kind == "value_error" else words[:1].lower() + words[1:]
