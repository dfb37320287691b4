"""The timestamp extension: messages have the time at which they were made."""

from collections.abc import Callable

from shared.bayeux.messages.message import Reply
from shared.bayeux.messages.replies import http_date
from shared.bayeux.sessions.extension import Extension


class Timestamp(Extension):
    """Adds `timestamp` to every message; `wall` returns the time in seconds since 1970."""

    name = "timestamp"

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall

    def message_fields(self) -> Reply:
        """Return the time, in the format of HTTP."""
        return {"timestamp": http_date(self._wall())}
