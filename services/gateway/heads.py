"""What is asked of the head of every request before anything else."""

from itertools import chain
from typing import Final

from services.gateway.bayeux.web import Scope
from services.gateway.errors import RequestError, Situation

HANDED_ON: Final = b"x-mailroom-handed-on"
"""The header by which a pod knows that another one asks."""

_LARGEST_HEADERS: Final = 32 * 1024
_ADDED_BY_PODS: Final = 1024
"""More than a pod adds: what one has accepted is not too large for the next."""


def refuse_large_headers(scope: Scope) -> None:
    """Return if the headers have a size that a program can need.

    Raises:
        RequestError: They are larger.
    """
    size = sum(map(len, chain.from_iterable(scope["headers"])))
    is_from_a_pod = size > _LARGEST_HEADERS and HANDED_ON in dict(scope["headers"])
    if size > _LARGEST_HEADERS + (_ADDED_BY_PODS if is_from_a_pod else 0):
        message = f"the headers are larger than {_LARGEST_HEADERS} bytes"
        raise RequestError(Situation.HEADERS_TOO_LARGE, message)
