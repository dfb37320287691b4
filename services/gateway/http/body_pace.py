"""Ends the bodies of requests that stall or come too slowly."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from services.gateway.errors import RequestError, Situation
from services.gateway.http.asgi import Receive
from shared.intake.transfer_pace import LATER_FACTOR, TransferPace


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """How long nothing may come of a body, and the bytes per second that have to."""

    stall: timedelta
    slowest: int


def paced(receive: Receive, limits: PaceLimits) -> Receive:
    """Return a `receive` that holds the body of a request to the limits.

    Only the time that is spent on waiting for the client counts, and not that of our database. The
    end of the connection, which comes after the body, may be waited for without end.

    The result raises:
        RequestError: The body stalls, or is slower than the limits allow (408).
    """
    pace, waited, is_whole = TransferPace(limits.stall, limits.slowest, 0.0), 0.0, False

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal waited, is_whole
        if is_whole:
            return await receive()
        began = monotonic()
        message = await _receive(receive, pace.seconds_left(waited), limits)
        waited += monotonic() - began
        pace.add(len(message.get("body", b"")))
        is_whole = not message.get("more_body", False)
        return message

    return receiving


async def _receive(
    receive: Receive, seconds: float, limits: PaceLimits
) -> MutableMapping[str, Any]:
    if seconds <= 0:  # a client with octets always ready would never reach the timeout below
        raise _too_slow(limits)
    try:
        async with asyncio.timeout(seconds):
            return await receive()
    except TimeoutError as error:
        raise _too_slow(limits) from error


def _too_slow(limits: PaceLimits) -> RequestError:
    words = (
        f"the body stalled for {limits.stall.total_seconds():g} seconds or came too slowly: send "
        f"it again with at least {limits.slowest} bytes a second, and "
        f"{LATER_FACTOR * limits.slowest} after ten minutes"
    )
    return RequestError(Situation.TOO_SLOW, words, headers={"Connection": "close"})
