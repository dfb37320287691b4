"""/meta/handshake: opens a session, or refuses it."""

from shared.bayeux.messages import replies
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.half_open_sessions import handshake_interval, make_room
from shared.bayeux.sessions.session import Session, Transport
from shared.bayeux.sessions.session_registry import SessionRegistry


def handshake(registry: SessionRegistry, message: Message, exchange: Exchange) -> None:
    """Open a session, or reply with the reason why not."""
    if error := _error_in(registry, message) or make_room(registry, exchange.peer):
        registry.counters.denied += 1
        later = error == replies.SERVER_FULL
        advice = replies.COME_AGAIN_LATER if later else replies.STOP
        exchange.replies.append(
            _with_versions(registry, replies.failure(message, error, advice=advice))
        )
        return
    interval = max(handshake_interval(registry, exchange.peer.user_id), registry.times.interval)
    session = registry.open(exchange.peer, exchange.now, interval=interval)
    if exchange.peer.transport is Transport.WEBSOCKET:
        registry.bind(session, exchange.peer, exchange.now)
    registry.counters.handshakes += 1
    exchange.replies.append(
        _with_versions(registry, _success_reply(registry, session, message, interval))
    )


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
    reply = replies.success(message, clientId=session.id, advice=advice.as_fields())
    registry.extensions.add_handshake_values(reply, session, message)
    return reply


def _with_versions(registry: SessionRegistry, reply: Reply) -> Reply:
    return reply | {"version": "1.0", "supportedConnectionTypes": _supported(registry)}


def _supported(registry: SessionRegistry) -> list[Transport]:
    types = [Transport.WEBSOCKET, Transport.LONG_POLLING]
    return [*types, Transport.CALLBACK_POLLING] if registry.settings.callback_polling else types
