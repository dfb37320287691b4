"""When a token is renewed, and when a failed login is tried again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from shared.contracts.oauth import MailServer

# A fifth of the lifetime is left for retries.
_RENEWED_AFTER: Final = 0.8
# Pods and installations must not renew at the same moment.
_JITTER: Final = 0.05
# An endpoint that has stumbled is back by then; one that is away is asked more and more seldom.
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=5)
# Six doublings of five seconds are more than `_LONGEST_PAUSE`; more would only grow the number.
_MOST_DOUBLINGS: Final = 6
# A token so near its end could end on its way to the mail server.
_LAST_SHARE: Final = 0.1
_LAST_MOMENTS: Final = timedelta(seconds=30)

REFUSED_FOR: Final = timedelta(minutes=15)
"""A refused login is tried again after this, or once its description or secret changes."""


@dataclass(frozen=True, slots=True)
class ServerRefusal:
    """The tokens that one mail server has refused since it last took one.

    `grant` is the number of the last refused token. `refused_at` is set once the server has refused
    the login itself and not just one token. `tried_from` identifies the descriptions and secrets.
    """

    tokens: int
    grant: int
    fault: str
    tried_from: tuple[str, ...] = ()
    refused_at: datetime | None = None
    retry_at: datetime | None = None

    def is_resting(self, now: datetime, attempt: str) -> bool:
        """Say whether a login with the same description and secrets is too soon."""
        return self.retry_at is not None and now < self.retry_at and attempt in self.tried_from


@dataclass(frozen=True, slots=True)
class LoginState:
    """The state of one login of one user. All times, `now` included, are the database's.

    `made_from` identifies the description with which the token was requested. `tried_from`
    identifies the descriptions and secrets that failed since the last token. `grants` is the number
    of the token. The token endpoint's refusal, `refused_at`, stops the login everywhere;
    `refusals` are those of mail servers, each for itself.
    """

    now: datetime
    version: int = 0
    access_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    renew_at: datetime | None = None
    made_from: str = ""
    refresh_token: str = field(default="", repr=False)
    refused_at: datetime | None = None
    tried_from: tuple[str, ...] = ()
    retry_at: datetime | None = None
    fault: str = ""
    faults: int = 0
    grants: int = 0
    refusals: Mapping[MailServer, ServerRefusal] = field(default_factory=dict)

    def is_usable(self, made_from: str) -> bool:
        """Say whether there is a token of this description that has not expired."""
        return (
            bool(self.access_token)
            and self.made_from == made_from
            and self.expires_at is not None
            and self.now < self.expires_at
        )

    def is_resting(self, attempt: str) -> bool:
        """Say whether a request with the same description and secrets is too soon."""
        return self.retry_at is not None and self.now < self.retry_at and attempt in self.tried_from

    def is_due(self, made_from: str, attempt: str) -> bool:
        """Say whether to request a token now."""
        is_fresh = self.renew_at is not None and self.now < self.renew_at
        return not self.is_resting(attempt) and not (is_fresh and self.is_usable(made_from))

    def is_token_refused(self, server: MailServer) -> bool:
        """Say whether a mail server has refused this very token."""
        refusal = self.refusals.get(server)
        return refusal is not None and refusal.grant == self.grants

    def needs_attention(self, made_from: str, server: MailServer) -> bool:
        """Say whether an operator has to act, because the login there fails now or soon."""
        refusal = self.refusals.get(server)
        return (
            self.refused_at is not None
            or (refusal is not None and refusal.refused_at is not None)
            or (self.faults > 0 and not self.is_usable(made_from))
        )


def usable_for(life: timedelta) -> timedelta:
    """Return for how long a token may be used: its life minus some time for the login."""
    return life - min(life * _LAST_SHARE, _LAST_MOMENTS)


def renewed_after(life: timedelta, random: Random) -> timedelta:
    """Return when a token is renewed: at four fifths of its life, or a little before."""
    return life * random.uniform(_RENEWED_AFTER - _JITTER, _RENEWED_AFTER)


def pause_after_fault(faults: int, told: timedelta | None, random: Random) -> timedelta:
    """Return the pause after `faults` failures in a row: what the endpoint asked for, or longer."""
    doubled = _FIRST_PAUSE * (1 << min(max(faults - 1, 0), _MOST_DOUBLINGS))
    own = min(doubled, _LONGEST_PAUSE) * random.uniform(0.8, 1.0)
    return max(told, own) if told else own
