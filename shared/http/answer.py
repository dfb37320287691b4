"""A whole HTTP answer."""

from collections.abc import Sequence
from typing import NamedTuple

Header = tuple[bytes, bytes]


class Answer(NamedTuple):
    """A whole HTTP response."""

    status: int
    body: bytes = b""
    headers: Sequence[Header] = ()

    def plus(self, *headers: Header) -> "Answer":
        """Return the same answer with more headers."""
        return self._replace(headers=(*self.headers, *headers))
