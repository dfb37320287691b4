"""Reads the answers of a token endpoint. They are untrusted, so everything is bounded. Pure."""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from shared.domain.storable_text import storable

LARGEST: Final = 64 * 1024
"""Octets of an answer that are read."""

# Characters. Tokens of Microsoft have some thousand.
_LONGEST_TOKEN: Final = 16 * 1024
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
# Characters of an endpoint's explanation, which logs and `doctor` show.
_LONGEST_WORDS: Final = 300
# RFC 6749 lets a response leave `expires_in` out.
_UNTOLD_LIFE: Final = timedelta(minutes=10)
# A mistaken answer must not keep a dead token in use for days.
_LONGEST_LIFE: Final = timedelta(hours=24)
_SHORTEST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_FURTHEST_CLOCK: Final = timedelta(days=1)
_OK: Final = 200
_LATER_CODES: Final = frozenset({408, 425, 429})
_LATER_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_MOST_SECONDS: Final = 10**12
_DIGITS: Final = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer; `body` is cut one octet above the limit, so that the excess shows."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token, and for how long from now it is valid.

    `id_token` says who has agreed, where the endpoint tells it (OpenID Connect).
    """

    access_token: str = field(repr=False)
    life: timedelta
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """The endpoint refuses, so a repetition is useless; `server_time` is its Date, if given."""

    code: str
    words: str
    server_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TemporaryFailure:
    """A temporary failure; `pause` is the time that the endpoint asks to wait, if it does."""

    words: str
    pause: timedelta | None = None
    code: str = ""


Outcome = Granted | Denied | TemporaryFailure


def read_answer(answer: HttpAnswer, now: datetime, secrets: Collection[str] = ()) -> Outcome:
    """Return the outcome of a token request; its texts never contain a secret."""
    fields = json_object(answer)
    if answer.status == _OK:
        return _granted(fields)
    code = _text(fields, "error", 64, secrets)
    said = [code, _text(fields, "error_description", _LONGEST_WORDS, secrets)]
    words = ": ".join([f"the token endpoint answers {answer.status}", *filter(None, said)])
    passes = answer.status in _LATER_CODES or code in _LATER_ERRORS
    if 400 <= answer.status < 500 and not passes:  # noqa: PLR2004 - the class of the status
        return Denied(code, words, server_time(answer.headers))
    return TemporaryFailure(words, _pause(answer.headers, now), code)


def json_object(answer: HttpAnswer) -> Mapping[str, object] | None:
    """Return the JSON object of an answer, None if it holds anything else."""
    if len(answer.body) > LARGEST:
        return None
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def seconds(value: object) -> float | None:
    """Return a number of seconds, given as number or text; None if it is neither."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    # Bounded before the conversion, because an `int` may be too large for a `float`.
    return float(max(min(value, _MOST_SECONDS), -_MOST_SECONDS))


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the endpoint's time from the Date header, None if there is none."""
    return _date(headers.get("date", ""))


def corrected(now: datetime, told: datetime | None) -> datetime | None:
    """Return the endpoint's time to sign with, None if it is close to ours or implausible."""
    if told is None or not timedelta(seconds=30) < abs(told - now) <= _FURTHEST_CLOCK:
        return None
    return told


def _granted(fields: Mapping[str, object] | None) -> Outcome:
    if fields is None:
        return TemporaryFailure(
            "the token endpoint answers 200 with no JSON object of at most 64 kB"
        )
    token, kind = fields.get("access_token"), fields.get("token_type", "Bearer")
    if not isinstance(token, str) or not _is_token(token):
        return TemporaryFailure("the token endpoint answers 200 without an access token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return TemporaryFailure("the token endpoint gives a token that is no bearer token")
    life = _life(fields.get("expires_in"))
    if life is None:
        return TemporaryFailure("the token endpoint gives a token that has ended already")
    return Granted(token, life, _token_in(fields, "refresh_token"), _token_in(fields, "id_token"))


def _token_in(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and _is_token(value) else ""


def _is_token(text: str) -> bool:
    return len(text) <= _LONGEST_TOKEN and _TOKEN.fullmatch(text) is not None


def _life(told: object) -> timedelta | None:
    number = seconds(told)
    if number is None:
        return _UNTOLD_LIFE
    if number < 1:
        return None
    return timedelta(seconds=min(number, _LONGEST_LIFE.total_seconds()))


def _pause(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    told = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(told):
        wanted = timedelta(seconds=min(int(told), 10**9))
    elif until := _date(told):
        # Compared with the endpoint's own clock, because ours may differ.
        wanted = until - (server_time(headers) or now)
    else:
        return None
    return min(max(wanted, _SHORTEST_PAUSE), _LONGEST_PAUSE)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text[:100])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(
    fields: Mapping[str, object] | None, name: str, longest: int, secrets: Iterable[str]
) -> str:
    value = (fields or {}).get(name)
    if not isinstance(value, str):
        return ""
    for secret in secrets:
        # Replaced before the text is cut, or a part of a secret could remain.
        value = value.replace(secret, "[secret]")
    return storable(value, longest)
