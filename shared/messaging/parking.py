"""Reads from a parked message why and when it was parked, by a consumer or by the broker."""

from collections.abc import Mapping
from datetime import datetime

from aio_pika.abc import AbstractIncomingMessage

from shared.messaging.retries import ATTEMPT, REASON


def reason_of(message: AbstractIncomingMessage) -> str:
    """Return the reason that the consumer or the broker gave."""
    death = _death(message)
    return str(message.headers.get(REASON) or f"parked by the broker ({death.get('reason', '?')})")


def attempts_of(message: AbstractIncomingMessage) -> int:
    """Return the number of attempts to handle the message."""
    attempts = message.headers.get(ATTEMPT)
    return attempts if isinstance(attempts, int) else 0


def parked_at(message: AbstractIncomingMessage) -> datetime | None:
    """Return when it was parked, if known."""
    at = _death(message).get("time") or message.timestamp
    return at if isinstance(at, datetime) else None


def _death(message: AbstractIncomingMessage) -> Mapping[str, object]:
    """Return the broker's own `x-death` entry; empty if a consumer parked the message."""
    deaths = message.headers.get("x-death")
    last = (
        deaths[0] if isinstance(deaths, list) and deaths and REASON not in message.headers else {}
    )
    return last if isinstance(last, Mapping) else {}
