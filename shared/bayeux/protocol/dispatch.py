"""Dispatches the messages of one request to their handlers, or refuses them with a reason."""

from collections.abc import Sequence
from datetime import timedelta

from shared.bayeux.journal import Span
from shared.bayeux.messages import replies
from shared.bayeux.messages.channels import Meta, is_service, is_valid
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.protocol.connect import connect
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.half_open_sessions import handshake_interval, longest_idle
from shared.bayeux.protocol.handshake import handshake
from shared.bayeux.protocol.subscribe import subscribe, subscription_reply, unsubscribe
from shared.bayeux.sessions.advice import milliseconds
from shared.bayeux.sessions.extension import Extensions
from shared.bayeux.sessions.session import Peer, Session, Transport
from shared.bayeux.sessions.session_registry import SessionRegistry


def dispatch(
    registry: SessionRegistry,
    extensions: Extensions,
    messages: Sequence[Message],
    peer: Peer,
    now: float,
    span: Span | None,
) -> Exchange:
    """Handle all messages; beside a handshake the others are ignored, as Bayeux requires."""
    batch = _without_rest(messages)
    exchange = Exchange(peer, now, is_single=len(batch) == 1, span=span)
    for message in batch:
        _dispatch_one(registry, extensions, message, exchange)
    return exchange


def _without_rest(messages: Sequence[Message]) -> Sequence[Message]:
    for message in messages:
        if message.channel == Meta.HANDSHAKE:
            return [message]
    return messages


def _dispatch_one(
    registry: SessionRegistry, extensions: Extensions, message: Message, exchange: Exchange
) -> None:
    if (error := _error_in(registry, message)) is not None:
        exchange.replies.append(replies.failure(message, error))
    elif message.channel == Meta.HANDSHAKE:
        handshake(registry, extensions, message, exchange)
    elif (session := registry.find(message, exchange.peer)) is None:
        _refuse_unknown_session(registry, message, exchange)
    elif not _confirm(registry, session):
        _refuse_too_many_sessions(message, exchange)
    else:
        _dispatch_for(registry, extensions, session, message, exchange)


def _error_in(registry: SessionRegistry, message: Message) -> str | None:
    if message.has_bad_id:
        return replies.ID_INVALID
    if message.channel == Meta.CONNECT:
        return None
    if message.channel is None:
        return replies.CHANNEL_MISSING
    longest = registry.settings.max_channel_length
    return None if is_valid(message.channel, longest=longest) else replies.CHANNEL_INVALID


def _refuse_unknown_session(
    registry: SessionRegistry, message: Message, exchange: Exchange
) -> None:
    registry.counters.unknown_sessions += 1
    reply = _refusal(message, replies.SESSION_UNKNOWN)
    if message.channel == Meta.CONNECT:
        wait = handshake_interval(registry.sessions_of(exchange.peer.user_id))
        interval = milliseconds(timedelta(seconds=wait))
        reply["advice"] = replies.HANDSHAKE_AGAIN | {"interval": interval}
    exchange.replies.append(reply)


def _refuse_too_many_sessions(message: Message, exchange: Exchange) -> None:
    """Refuse the first message of a session whose user has reached `max_sessions_per_user`."""
    advice = {"advice": replies.STOP}
    exchange.replies.append(_refusal(message, replies.TOO_MANY_SESSIONS) | advice)


def _refusal(message: Message, error: str) -> Reply:
    is_subscription = message.channel in {Meta.SUBSCRIBE, Meta.UNSUBSCRIBE}
    return (
        subscription_reply(message, error) if is_subscription else replies.failure(message, error)
    )


def _confirm(registry: SessionRegistry, session: Session) -> bool:
    """Confirm a session at its first message; end it and return False if the user has too many.

    Only here can a new session displace a confirmed one, and only one without connect and socket.
    """
    if session.is_confirmed:
        return True
    heard = [one for one in registry.sessions_of(session.user_id) if one.is_confirmed]
    if len(heard) >= registry.settings.max_sessions_per_user:
        if (idle := longest_idle(heard)) is None:
            registry.end(session, {})
            return False
        registry.end(idle, {})
    session.is_confirmed = True
    del registry.half_open[session]
    return True


def _dispatch_for(
    registry: SessionRegistry,
    extensions: Extensions,
    session: Session,
    message: Message,
    exchange: Exchange,
) -> None:
    peer = exchange.peer
    exchange.sessions.setdefault(session)
    registry.touch(session, exchange.now)
    session.login = peer.login
    if peer.transport is Transport.WEBSOCKET:
        registry.bind(session, peer, exchange.now)
    match message.channel:
        case Meta.CONNECT:
            connect(registry, extensions, session, message, exchange)
        case Meta.SUBSCRIBE:
            subscribe(registry, extensions, session, message, exchange)
        case Meta.UNSUBSCRIBE:
            unsubscribe(registry, session, message, exchange)
        case Meta.DISCONNECT:
            registry.end(session, {"advice": replies.STOP})
            exchange.replies.append(replies.success(message, clientId=session.id))
        case channel:
            exchange.replies.append(_publish_reply(message, str(channel)))


def _publish_reply(message: Message, channel: str) -> Reply:
    if is_service(channel):
        return replies.success(message)
    return replies.failure(message, replies.PUBLISH_DENIED)
