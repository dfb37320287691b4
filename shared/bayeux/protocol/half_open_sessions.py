"""Sessions of which nothing was heard since their handshake: how many there may be, and how long.

A client that does not return its cookie shakes hands, is unknown, and shakes hands again. What it
leaves behind must take no session from clients that are well, and no memory without end.
"""

from collections.abc import Iterable
from typing import Final

from shared.bayeux.messages import replies
from shared.bayeux.sessions.session import Peer, Session
from shared.bayeux.sessions.session_registry import SessionRegistry

_UNDELAYED_SESSIONS: Final = 8
"""Desktops of one user that begin at the same moment."""

_MAX_DELAY: Final = 30.0
"""Seconds."""


def make_room(registry: SessionRegistry, peer: Peer) -> str | None:
    """Make room for a new session, at the cost of none that was heard of; or return the error."""
    mine = registry.by_user.get(peer.user_id, {})
    half_open = [session for session in mine if not session.is_confirmed]
    if _is_full(registry, len(mine) - len(half_open)) and _longest_idle(mine) is None:
        return replies.TOO_MANY_SESSIONS
    is_server_full = len(registry.sessions) >= registry.settings.max_sessions
    if len(half_open) < registry.settings.max_unheard_per_user and not is_server_full:
        return None
    # Those with a socket are more likely to be heard of.
    oldest = min(half_open, key=_has_socket, default=next(iter(registry.half_open), None))
    if oldest is None:
        return replies.SERVER_FULL
    registry.end(oldest, {})
    return None


def confirm(registry: SessionRegistry, session: Session) -> bool:
    """Note that a client speaks for a session; False, and it has ended, where it is one too many.

    Only here one that was heard of is given up for another, and of those that nobody waits for.
    """
    if session.is_confirmed:
        return True
    heard = [one for one in registry.by_user[session.user_id] if one.is_confirmed]
    if _is_full(registry, len(heard)):
        if (longest_idle := _longest_idle(heard)) is None:
            registry.end(session, {})
            return False
        registry.end(longest_idle, {})
    session.is_confirmed = True
    del registry.half_open[session]
    return True


def handshake_interval(registry: SessionRegistry, user_id: str) -> float:
    """Return how many seconds a user's clients should wait between handshake and connect."""
    mine = registry.by_user.get(user_id, {})
    return slowdown(sum(not session.is_confirmed for session in mine))


def slowdown(newcomers: int) -> float:
    """Return the seconds to wait beside so many sessions that were not heard of."""
    return (
        0.0
        if newcomers < _UNDELAYED_SESSIONS
        else min(_MAX_DELAY, 2.0 ** min(newcomers - _UNDELAYED_SESSIONS, 30))
    )


def _is_full(registry: SessionRegistry, heard: int) -> bool:
    return heard >= registry.settings.max_sessions_per_user


def _longest_idle(sessions: Iterable[Session]) -> Session | None:
    """Return the session that nobody has used for longest, of those that nobody uses now."""
    idle = [
        one for one in sessions if one.is_confirmed and one.pending is None and one.socket is None
    ]
    return min(idle, key=lambda session: session.expires_at, default=None)


def _has_socket(session: Session) -> bool:
    return session.socket is not None
