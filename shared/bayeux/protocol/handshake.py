"""/meta/handshake: opens a session, or refuses it."""

from shared.bayeux.messages import replies
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.half_open_sessions import (
    first_to_end,
    half_open,
    handshake_interval,
    longest_idle,
)
from shared.bayeux.sessions.extension import Extensions
from shared.bayeux.sessions.session import Peer, Session, Transport
from shared.bayeux.sessions.session_registry import SessionRegistry


def handshake(
    registry: SessionRegistry, extensions: Extensions, message: Message, exchange: Exchange
) -> None:
    """Open a session, or reply with the reason why not."""
    if error := _error_in(registry, message) or _make_room(registry, exchange.peer):
        registry.counters.denied += 1
        later = error == replies.SERVER_FULL
        advice = replies.COME_AGAIN_LATER if later else replies.STOP
        exchange.replies.append(
            _with_versions(registry, replies.failure(message, error, advice=advice))
        )
        return
    mine = registry.sessions_of(exchange.peer.user_id)
    interval = max(handshake_interval(mine), registry.times.interval)
    session = registry.open(exchange.peer, exchange.now, interval=interval)
    if exchange.peer.transport is Transport.WEBSOCKET:
        registry.bind(session, exchange.peer, exchange.now)
    registry.counters.handshakes += 1
    reply = _success_reply(registry, session, message, interval)
    extensions.add_handshake_values(reply, session, message)
    exchange.replies.append(_with_versions(registry, reply))


def _error_in(registry: SessionRegistry, message: Message) -> str | None:
    types = message.fields.get("supportedConnectionTypes")
    if not isinstance(message.fields.get("version"), str):
        return replies.VERSION_MISSING
    if not isinstance(types, list) or not types:
        return replies.TYPES_MISSING
    return (
        None if any(kind in types for kind in _supported(registry)) else replies.NO_COMMON_TRANSPORT
    )


def _success_reply(
    registry: SessionRegistry, session: Session, message: Message, interval: float
) -> Reply:
    advice = registry.times.advice_with(interval)
    session.advised = (session.transport, advice)
    return replies.success(message, clientId=session.id, advice=advice.as_fields())


def _make_room(registry: SessionRegistry, peer: Peer) -> str | None:
    """End a half-open session if a limit requires it; return the error if there is no room.

    No confirmed session is ended for a handshake.
    """
    settings, mine = registry.settings, registry.sessions_of(peer.user_id)
    unheard = half_open(mine)
    heard = len(mine) - len(unheard)
    if heard >= settings.max_sessions_per_user and longest_idle(mine) is None:
        return replies.TOO_MANY_SESSIONS
    is_server_full = len(registry.sessions) >= settings.max_sessions
    if len(unheard) < settings.max_unheard_per_user and not is_server_full:
        return None
    if (oldest := first_to_end(unheard, registry.half_open)) is None:
        return replies.SERVER_FULL
    registry.end(oldest, {})
    return None


def _with_versions(registry: SessionRegistry, reply: Reply) -> Reply:
    return reply | {"version": "1.0", "supportedConnectionTypes": _supported(registry)}


def _supported(registry: SessionRegistry) -> list[Transport]:
    types = [Transport.WEBSOCKET, Transport.LONG_POLLING]
    return [*types, Transport.CALLBACK_POLLING] if registry.settings.callback_polling else types
