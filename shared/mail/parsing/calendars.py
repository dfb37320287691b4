"""Reads what a mail says to a calendar (RFC 5545, RFC 6047)."""

from datetime import UTC, date, datetime
from typing import Final

from shared.mail.mime.structure import Part

_TYPE: Final = "text/calendar"
_LARGEST: Final = 256 * 1024
_LONGEST: Final = 200
_VERBS: Final = {
    "REQUEST": "invitation",
    "CANCEL": "cancellation",
    "REPLY": "answer to an invitation",
    "COUNTER": "other time proposed",
    "PUBLISH": "appointment",
}
_PARTICIPATION: Final = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "accepted with reservations",
}


def calendar_words(leaves: tuple[Part, ...]) -> str:
    """Return the first calendar message in words, empty if there is none that can be read.

    Such as `invitation: Team meeting, 2026-12-01 10:00 UTC`.
    """
    part = next((one for one in leaves if one.media_type == _TYPE), None)
    if part is None:
        return ""
    octets = part.content()
    if len(octets) > _LARGEST:
        return ""
    try:
        return _words(octets)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError):
        # The library means ValueError; a stranger finds the others.
        return ""


def _words(octets: bytes) -> str:
    # Importing it takes a third of a parser's start, and few mails have a calendar.
    from icalendar import Calendar  # noqa: PLC0415

    calendar = Calendar.from_ical(octets)
    event = next(iter(calendar.walk("VEVENT")), None)
    if event is None:
        return ""
    method = str(calendar.get("METHOD", "PUBLISH")).upper()
    summary = " ".join(str(event.get("SUMMARY", "")).split())[:_LONGEST]
    said = _VERBS.get(method, "appointment")
    if method == "REPLY":
        attendee = event.get("ATTENDEE")
        state = str(attendee.params.get("PARTSTAT", "")) if hasattr(attendee, "params") else ""
        said = _PARTICIPATION.get(state.upper(), said)
    start = event.get("DTSTART")
    moment = f", {_moment(start.dt)}" if start is not None else ""
    return f"{said}: {summary}{moment}"


def _moment(at: date) -> str:
    if not isinstance(at, datetime):
        return f"{at:%Y-%m-%d}"
    if at.tzinfo is None:
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
