"""The timesync extension: a client measures the server's clock and the network delay."""

from typing import Final

from shared.bayeux.messages.message import Message, Reply, finite

ACCURACY_MS: Final = 25


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
