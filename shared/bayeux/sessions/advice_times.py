"""Times of connects: in seconds for the server, as advice in milliseconds for clients."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from shared.bayeux.sessions.advice import Advice, milliseconds


@dataclass(frozen=True, slots=True)
class AdviceTimes:
    """The settings' durations in seconds, and the advice that follows from them."""

    timeout: float
    interval: float
    max_interval: float
    first_interval: float
    crowded_interval: float
    advice: Advice
    crowded_advice: Advice

    @classmethod
    def of(
        cls,
        *,
        timeout: timedelta,
        interval: timedelta,
        max_interval: timedelta,
        first_interval: timedelta,
        crowded_interval: timedelta,
    ) -> Self:
        """Return the times of these durations, as `BayeuxSettings` describes them."""
        longest, crowded = milliseconds(timeout), milliseconds(crowded_interval)
        return cls(
            timeout=timeout.total_seconds(),
            interval=interval.total_seconds(),
            max_interval=max_interval.total_seconds(),
            first_interval=first_interval.total_seconds(),
            crowded_interval=crowded_interval.total_seconds(),
            advice=Advice(longest, milliseconds(interval)),
            crowded_advice=Advice(longest, crowded, multiple_clients=True),
        )

    def advice_with(self, interval: float) -> Advice:
        """Return the advice with another interval, in seconds."""
        return Advice(self.advice.timeout, milliseconds(timedelta(seconds=interval)))
