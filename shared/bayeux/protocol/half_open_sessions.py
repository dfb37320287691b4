"""Limits the half-open sessions: those without a message since their handshake.

A client that does not return its cookie shakes hands, is unknown at its first connect, and shakes
hands again. The sessions it leaves must neither displace those of other clients nor fill memory.
"""

from collections.abc import Iterable
from typing import Final

from shared.bayeux.messages import replies
from shared.bayeux.sessions.session import Peer, Session
from shared.bayeux.sessions.session_registry import SessionRegistry

_UNDELAYED_SESSIONS: Final = 8
"""Half-open sessions of a user without delay, for several desktops that start together."""

_MAX_DELAY: Final = 30.0
"""Seconds."""


def make_room(registry: SessionRegistry, peer: Peer) -> str | None:
    """End a half-open session if a limit requires it; return the error if there is no room.

    No confirmed session is ended for a handshake.
    """
    mine = registry.by_user.get(peer.user_id, {})
    half_open = [session for session in mine if not session.is_confirmed]
    if _is_full(registry, len(mine) - len(half_open)) and _longest_idle(mine) is None:
        return replies.TOO_MANY_SESSIONS
    is_server_full = len(registry.sessions) >= registry.settings.max_sessions
    if len(half_open) < registry.settings.max_unheard_per_user and not is_server_full:
        return None
    # A session with a socket is more likely to be used, so it is chosen last.
    oldest = min(half_open, key=_has_socket, default=next(iter(registry.half_open), None))
    if oldest is None:
        return replies.SERVER_FULL
    registry.end(oldest, {})
    return None


def confirm(registry: SessionRegistry, session: Session) -> bool:
    """Confirm a session at its first message; end it and return False if the user has too many.

    Only here can a new session displace a confirmed one, and only one without connect and socket.
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
    """Return the seconds that a user's clients should wait between handshake and connect."""
    mine = registry.by_user.get(user_id, {})
    return slowdown(sum(not session.is_confirmed for session in mine))


def slowdown(newcomers: int) -> float:
    """Return the seconds to wait with this many half-open sessions: doubling, at most 30."""
    return (
        0.0
        if newcomers < _UNDELAYED_SESSIONS
        else min(_MAX_DELAY, 2.0 ** min(newcomers - _UNDELAYED_SESSIONS, 30))
    )


def _is_full(registry: SessionRegistry, heard: int) -> bool:
    return heard >= registry.settings.max_sessions_per_user


def _longest_idle(sessions: Iterable[Session]) -> Session | None:
    """Return the confirmed session that expires first, of those without connect and socket."""
    idle = [
        one for one in sessions if one.is_confirmed and one.pending is None and one.socket is None
    ]
    return min(idle, key=lambda session: session.expires_at, default=None)


def _has_socket(session: Session) -> bool:
    return session.socket is not None
