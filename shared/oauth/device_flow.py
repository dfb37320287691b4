"""The device authorization response (RFC 8628 section 3.2) and the polling interval. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.domain.storable_text import storable
from shared.oauth.token_responses import Granted, HttpAnswer, json_object, read_answer, seconds

_OK: Final = 200
_ADDRESS: Final = re.compile(r"https?://[\x21-\x7e]{1,2000}")
_CODE: Final = re.compile(r"[\x21-\x7e]{1,2000}")
# The times of an endpoint are bounded, so that it can neither end the wait of a person at once nor
# hold the command for ever.
_LONGEST_WAIT: Final = timedelta(minutes=30)
_SHORTEST_WAIT: Final = timedelta(minutes=1)
_SHORTEST_INTERVAL: Final = timedelta(seconds=1)
# What a client does where the endpoint names none (RFC 8628, 3.2).
_USUAL_INTERVAL: Final = timedelta(seconds=5)
_LONGEST_INTERVAL: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Invitation:
    """The address and code for a person's consent, its lifetime, and the polling interval."""

    address: str
    user_code: str
    device_code: str = field(repr=False)
    lasts: timedelta
    interval: timedelta

    def words(self, user_name: str) -> str:
        """Return the instructions for the person."""
        minutes = int(self.lasts.total_seconds() // 60)
        return (
            f"Open {self.address} as {user_name} and enter the code {self.user_code}\n"
            f"Waiting for {minutes} minutes at most; Ctrl-C ends it, and nothing is changed then."
        )


def read_invitation(
    answer: HttpAnswer, now: datetime, secrets: Collection[str] = ()
) -> Invitation | str:
    """Return the invitation, or a text that says what is wrong with the answer."""
    fields = json_object(answer)
    if answer.status != _OK or fields is None:
        outcome = read_answer(answer, now, secrets)
        words = "" if isinstance(outcome, Granted) else outcome.words
        return words.replace("token endpoint", "device endpoint") or "no JSON"
    address, user_code, device_code = (
        fields.get(name) for name in ("verification_uri", "user_code", "device_code")
    )
    # Google's name for it.
    address = address or fields.get("verification_url")
    if not (
        isinstance(address, str)
        and isinstance(user_code, str)
        and isinstance(device_code, str)
        and _ADDRESS.fullmatch(address)
        and _CODE.fullmatch(device_code)
    ):
        return "the device endpoint's answer lacks verification_uri, user_code or device_code"
    lasts = _between(fields.get("expires_in"), _SHORTEST_WAIT, _LONGEST_WAIT, _LONGEST_WAIT)
    interval = _between(
        fields.get("interval"), _SHORTEST_INTERVAL, _LONGEST_INTERVAL, _USUAL_INTERVAL
    )
    return Invitation(address, storable(user_code, 100), device_code, lasts, interval)


def pause_after(pause: timedelta, code: str, told: timedelta | None) -> timedelta:
    """Return how long to wait before the next poll (RFC 8628 section 3.5)."""
    if code == "slow_down":
        pause += _USUAL_INTERVAL
    elif code != "authorization_pending":
        pause *= 2  # no answer, or an unexpected one
    return min(max(pause, told or pause), _LONGEST_INTERVAL)


def _between(value: object, shortest: timedelta, longest: timedelta, usual: timedelta) -> timedelta:
    number = seconds(value)
    if number is None:
        return usual
    return timedelta(seconds=min(max(number, shortest.total_seconds()), longest.total_seconds()))
