"""Parameters in the query of a request."""

import re
from typing import Final

from starlette.requests import Request

from services.gateway.errors import RequestError, Situation

_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_FALSE: Final = frozenset({"", "0", "false", "none"})


def wants_fields(request: Request) -> bool:
    """Say whether a list should have objects instead of their addresses."""
    return request.query_params.get("fields", "").lower() not in _FALSE


def bounded_number(request: Request, name: str, *, at_most: int, default: int | None = None) -> int:
    """Return a number of the query; without one `default`, or `at_most` where that is None.

    The least allowed number is `default`, or 1.

    Raises:
        RequestError: It is no number, or out of range.
    """
    text = request.query_params.get(name)
    if text is None:
        return at_most if default is None else default
    least = 1 if default is None else default
    number = int(text) if _NUMBER.fullmatch(text) else -1
    if not least <= number <= at_most:
        message = f"{name} has to be from {least} to {at_most}"
        raise RequestError(Situation.VALUE_REFUSED, message)
    return number
