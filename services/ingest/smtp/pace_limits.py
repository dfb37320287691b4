"""Limits on the length and errors of a session. Pure."""

from typing import Final

from services.ingest.settings import IngestSettings

TOO_MANY_ERRORS: Final = b"421 4.7.0 too many errors, try again later\r\n"
SESSION_ENDED: Final = b"421 4.7.0 enough for one session, come back with the next mail\r\n"

_REFUSALS_AT_ONCE: Final = 5
_ANSWERS_WITHOUT_A_MAIL: Final = 300
"""Idle replies. A sender that keeps its session for the next mail sends one NOOP a minute."""
_MOST_RECIPIENTS: Final = 2_000
"""A sender with a thousand accepted and a thousand refused recipients gets as many replies more."""


class SessionBudget:
    """The mails, replies and refusals of a session, and the limits on them."""

    def __init__(self, settings: IngestSettings, now: float) -> None:
        self._settings = settings
        self._ends_at = now + settings.longest_session.total_seconds()
        self._mails = self._answers = self._recipients = self._refusals = 0
        self.active_at = now

    def record_recipient(self) -> None:
        """Count a recipient that the peer has named, whose reply does not count as idle."""
        self._recipients = min(self._recipients + 1, _MOST_RECIPIENTS)

    def record_answer(self, answer: bytes) -> None:
        """Count a reply before it is written."""
        self._answers += 1
        if answer.startswith(b"5") or self._answers > _ANSWERS_WITHOUT_A_MAIL + self._recipients:
            self._refusals += 1

    def record_mail(self, now: float) -> None:
        """Count an accepted mail; the counts of replies and refusals start again."""
        self._mails += 1
        self._answers = self._recipients = self._refusals = 0
        self.active_at = now

    def delay(self) -> float:
        """Return by how many seconds the next reply is delayed."""
        slow = max(0, self._refusals - _REFUSALS_AT_ONCE) * self._settings.refusal_delay
        return min(slow, self._settings.longest_delay).total_seconds()

    def closing_reply(self, now: float) -> bytes | None:
        """Return the reply with which the session is to be closed now, or None."""
        if self._refusals > self._settings.most_refusals:
            return TOO_MANY_ERRORS
        if self._mails >= self._settings.mails_per_session or now >= self._ends_at:
            return SESSION_ENDED
        return None
