"""How fast a mail has to come, and how long a session is borne with. Pure."""

from typing import Final

from services.ingest.settings import IngestSettings

TIRED: Final = b"421 4.7.0 too many errors, try again later\r\n"
ENOUGH: Final = b"421 4.7.0 enough for one session, come back with the next mail\r\n"

_REFUSALS_AT_ONCE: Final = 5
_ANSWERS_WITHOUT_A_MAIL: Final = 2_000
"""As many as a sender gets that names a thousand recipients too many, and a thousand that fit."""
_A_MOMENT: Final = 0.001


class Pace:
    """The octets of one mail."""

    def __init__(self, settings: IngestSettings, now: float) -> None:
        self._silence = settings.silence.total_seconds()
        self._slowest = settings.slowest
        self._began_at = now
        self.octets = 0

    def come(self, octets: int) -> None:
        """Note that some have come."""
        self.octets += octets

    def patience(self, now: float) -> float:
        """Return for how many seconds the next may be waited for."""
        due = self._began_at + self._silence + self.octets / self._slowest
        return max(_A_MOMENT, min(self._silence, due - now))


class Patience:
    """What a session has been answered since it last handed in a mail."""

    def __init__(self, settings: IngestSettings, now: float) -> None:
        self._settings = settings
        self._ends_at = now + settings.longest_session.total_seconds()
        self._mails = self._answers = self._refusals = 0
        self.useful_at = now

    def note(self, answer: bytes) -> None:
        """Note an answer that is going to be given."""
        self._answers += 1
        if answer.startswith(b"5") or self._answers > _ANSWERS_WITHOUT_A_MAIL:
            self._refusals += 1

    def take_mail(self, now: float) -> None:
        """Note that a mail was taken: what was refused before it is forgiven."""
        self._mails += 1
        self._answers = self._refusals = 0
        self.useful_at = now

    def delay(self) -> float:
        """Return for how many seconds the answer is held back."""
        slow = max(0, self._refusals - _REFUSALS_AT_ONCE) * self._settings.refusal_delay
        return min(slow, self._settings.longest_delay).total_seconds()

    def farewell(self, now: float) -> bytes | None:
        """Return the last words of a session, where they are due."""
        if self._refusals > self._settings.most_refusals:
            return TIRED
        if self._mails >= self._settings.mails_per_session or now >= self._ends_at:
            return ENOUGH
        return None
