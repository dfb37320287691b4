"""Limits the half-open sessions: those without a message since their handshake.

A client that does not return its cookie shakes hands, is unknown at its first connect, and shakes
hands again. The sessions it leaves must neither displace those of other clients nor fill memory.
"""

from collections.abc import Iterable
from typing import Final

from shared.bayeux.sessions.session import Session

_UNDELAYED_SESSIONS: Final = 8
"""Half-open sessions of a user without delay, for several desktops that start together."""

_MAX_DELAY: Final = 30.0
"""Seconds, as long as a poll is held: a client that is mended is back after one such time."""


def half_open(mine: Iterable[Session]) -> list[Session]:
    """Return those of a user's sessions that have sent no message since their handshake."""
    return [one for one in mine if not one.is_confirmed]


def first_to_end(of_user: Iterable[Session], of_server: Iterable[Session]) -> Session | None:
    """Return the half-open session that ends for a new one; None if there is none at all.

    It is the oldest of the user, or else of the server. A session with a socket is more likely to
    be used, so it is chosen last.
    """
    return min(of_user, key=_has_socket, default=next(iter(of_server), None))


def longest_idle(mine: Iterable[Session]) -> Session | None:
    """Return the confirmed session that expires first, of those without connect and socket."""
    idle = [one for one in mine if one.is_confirmed and one.pending is None and one.socket is None]
    return min(idle, key=lambda session: session.expires_at, default=None)


def handshake_interval(mine: Iterable[Session]) -> float:
    """Return the seconds that clients of the user of these sessions wait before they connect."""
    return slowdown(len(half_open(mine)))


def slowdown(newcomers: int) -> float:
    """Return the seconds to wait with this many half-open sessions: doubling, at most 30."""
    return (
        0.0
        if newcomers < _UNDELAYED_SESSIONS
        else min(_MAX_DELAY, 2.0 ** min(newcomers - _UNDELAYED_SESSIONS, 30))
    )


def _has_socket(session: Session) -> bool:
    return session.socket is not None
