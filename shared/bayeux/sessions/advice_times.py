"""Times of connects: in seconds for the server, as advice in milliseconds for clients."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from shared.bayeux.sessions.advice import Advice, milliseconds
from shared.bayeux.settings import BayeuxSettings


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
    def of(cls, settings: BayeuxSettings) -> Self:
        """Return the times of these settings."""
        timeout = milliseconds(settings.timeout)
        crowded = milliseconds(settings.multi_session_interval)
        return cls(
            timeout=settings.timeout.total_seconds(),
            interval=settings.interval.total_seconds(),
            max_interval=settings.max_interval.total_seconds(),
            first_interval=settings.first_interval.total_seconds(),
            crowded_interval=settings.multi_session_interval.total_seconds(),
            advice=Advice(timeout, milliseconds(settings.interval)),
            crowded_advice=Advice(timeout, crowded, multiple_clients=True),
        )

    def advice_with(self, interval: float) -> Advice:
        """Return the advice with another interval, in seconds."""
        return Advice(self.advice.timeout, milliseconds(timedelta(seconds=interval)))
