"""/meta/handshake: how a session begins."""

from shared.bayeux.ext.replay import EXTENSION
from shared.bayeux.ext.timesync import timesync
from shared.bayeux.messages import replies
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.protocol.half_open_sessions import interval_of, make_room
from shared.bayeux.sessions.session import Session, Transport
from shared.bayeux.sessions.session_registry import State


def handshake(state: State, message: Message, exchange: Exchange) -> None:
    """Begin a session, or say why there is none."""
    if error := _fault(state, message) or make_room(state, exchange.peer):
        state.counters.denied += 1
        later = error == replies.SERVER_FULL
        advice = replies.COME_AGAIN_LATER if later else replies.STOP
        exchange.replies.append(_described(state, replies.failure(message, error, advice=advice)))
        return
    interval = max(interval_of(state, exchange.peer.user_id), state.times.interval)
    session = state.open(exchange.peer, exchange.now, interval=interval)
    if exchange.peer.transport is Transport.WEBSOCKET:
        state.bind(session, exchange.peer, exchange.now)
    state.counters.handshakes += 1
    exchange.replies.append(_described(state, _welcome(state, session, message, interval)))


def _fault(state: State, message: Message) -> str | None:
    types = message.fields.get("supportedConnectionTypes")
    if not isinstance(message.fields.get("version"), str):
        return replies.VERSION_MISSING
    if not isinstance(types, list) or not types:
        return replies.TYPES_MISSING
    return None if any(kind in types for kind in _supported(state)) else replies.NO_COMMON_TRANSPORT


def _welcome(state: State, session: Session, message: Message, interval: float) -> Reply:
    advice = state.times.advice_with(interval)
    session.advised = (session.transport, advice)
    reply = replies.success(message, clientId=session.id, advice=advice.as_fields())
    if ext := _extensions(state, session, message):
        reply["ext"] = ext
    return reply


def _extensions(state: State, session: Session, message: Message) -> Reply:
    ext: Reply = {}
    if state.settings.acknowledgements and message.section("ext").get("ack") is True:
        session.acknowledging = True
        ext["ack"] = True
    if state.settings.replay and message.section("ext").get(EXTENSION) is True:
        ext[EXTENSION] = True
    wall = state.wall() * 1000
    if (times := timesync(message, received_ms=wall, answered_ms=wall)) is not None:
        ext["timesync"] = times
    return ext


def _described(state: State, reply: Reply) -> Reply:
    return reply | {"version": "1.0", "supportedConnectionTypes": _supported(state)}


def _supported(state: State) -> list[Transport]:
    types = [Transport.WEBSOCKET, Transport.LONG_POLLING]
    return [*types, Transport.CALLBACK_POLLING] if state.settings.callback_polling else types
