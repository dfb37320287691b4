"""The timesync extension: a client measures the server's clock and the network delay."""

from collections.abc import Callable
from typing import Final

from shared.bayeux.messages.message import Message, Reply, finite
from shared.bayeux.sessions.extension import Extension
from shared.bayeux.sessions.session import PendingConnect, Session

ACCURACY_MS: Final = 25
"""A client whose clock differs by less is not corrected: the network's delay varies as much."""


class TimeSync(Extension):
    """Answers questions for the time; `wall` returns it in seconds since 1970."""

    name = "timesync"

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall

    def handshake_value(self, session: Session, message: Message) -> object:
        """Return the times of a handshake, which is answered as soon as it is received."""
        del session
        now = self._wall() * 1000
        return timesync(message, received_ms=now, answered_ms=now)

    def connect_value(self, session: Session, pending: PendingConnect) -> object:
        """Return the times of a connect, which may have been held for long."""
        del session
        if "ext" not in pending.message.fields:
            return None
        now = self._wall() * 1000
        return timesync(pending.message, received_ms=pending.received_ms, answered_ms=now)


def timesync(message: Message, *, received_ms: float, answered_ms: float) -> Reply | None:
    """Return the value of `ext.timesync` for a reply, in milliseconds.

    `ts` is our time of arrival, `p` the time until the answer, `a` the client's error. None if the
    client did not ask or its error is below `ACCURACY_MS`.
    """
    asked = message.section("ext").get("timesync")
    if not isinstance(asked, dict):
        return None
    sent, lag, offset = (
        finite(asked.get("tc")),
        finite(asked.get("l", 0)),
        finite(asked.get("o", 0)),
    )
    if sent is None or lag is None or offset is None:
        return None
    error = round(sent + offset + lag - received_ms)
    if lag and abs(error) < ACCURACY_MS:
        return None
    return {
        "tc": sent,
        "ts": round(received_ms),
        "p": round(answered_ms - received_ms),
        "a": error,
    }
