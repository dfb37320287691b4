"""What the hub counts; plain numbers, so that the protocol knows no metrics library."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Totals since the start of the process."""

    handshakes: int = 0
    published: int = 0
    queued: int = 0
    redelivered: int = 0
    overflows: int = 0
    expired: int = 0
    unknown_sessions: int = 0
    superseded: int = 0
    denied: int = 0
