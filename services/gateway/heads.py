"""What is asked of the head of every request before anything else."""

from itertools import chain
from typing import Final

from services.gateway.bayeux.web import Scope
from services.gateway.errors import RequestError, Situation

_LARGEST_HEADERS: Final = 32 * 1024


def refuse_large_headers(scope: Scope) -> None:
    """Return if the headers have a size that a program can need.

    Raises:
        RequestError: They are larger.
    """
    if sum(map(len, chain.from_iterable(scope["headers"]))) > _LARGEST_HEADERS:
        message = f"the headers are larger than {_LARGEST_HEADERS} bytes"
        raise RequestError(Situation.HEADERS_TOO_LARGE, message)
