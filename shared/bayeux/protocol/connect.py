"""/meta/connect: when to wait, when to answer, and with what."""

from shared.bayeux.ext.timesync import timesync
from shared.bayeux.messages import replies
from shared.bayeux.messages.message import Fields, Message, Reply, encode, finite
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.advice import Advice
from shared.bayeux.sessions.session import Hold, Peer, Session, Transport
from shared.bayeux.sessions.session_registry import State


def connect(state: State, session: Session, message: Message, exchange: Exchange) -> None:
    """Answer a connect at once, or leave it waiting in `exchange.hold`."""
    if session.acknowledging:
        _confirm(state, session, message)
    _take_over(state, session, exchange)
    asked = message.section("advice")
    hold = _as_hold(state, message, asked, exchange)
    waits = _may_wait(session, hold, exchange)
    crowded = waits and _is_crowded(state, session, exchange.peer)
    session.interval = _interval(state, asked, crowded=crowded)
    if crowded and state.times.crowded_interval <= 0:
        exchange.replies.append(
            replies.failure(message, replies.TOO_MANY_TABS, advice=replies.ONE_TAB)
        )
        state.let_go(session, exchange.now)
    elif crowded or not waits:
        session.connected = True
        exchange.replies.append(_answer(state, session, hold, crowded=crowded))
        exchange.sessions[session] = session.batch
        state.let_go(session, exchange.now)
    else:
        state.keep(session, hold)
        exchange.hold = hold


def release(state: State, session: Session, hold: Hold, now: float) -> list[bytes]:
    """End a wait: all that its client gets, events first."""
    reply = _answer(state, session, hold)
    events = session.mailbox.take(
        at_most=state.settings.max_frame_bytes,
        batch=session.batch if session.acknowledging else None,
    )
    state.let_go(session, now)
    return [*events, encode(stamped(state, reply))]


def put_off(state: State, message: Message) -> bytes:
    """Answer a connect whose session is elsewhere and that has to be made again."""
    advice = _advice(state, crowded=False).as_fields()
    return encode(
        stamped(state, replies.success(message, clientId=message.client_id, advice=advice))
    )


def turn_away(state: State, message: Message) -> bytes:
    """Answer a connect whose session is elsewhere and whose login has ended."""
    reply = replies.success(message, clientId=message.client_id) | replies.LOGIN_ENDED
    return encode(stamped(state, reply))


def stamped(state: State, reply: Reply) -> Reply:
    """Add the time where the timestamp extension is on."""
    if state.settings.timestamps:
        reply["timestamp"] = replies.http_date(state.wall())
    return reply


def _answer(state: State, session: Session, hold: Hold, *, crowded: bool = False) -> Reply:
    if hold.ending is not None:
        return replies.success(hold.message, clientId=session.id) | hold.ending
    session.batch += 1
    reply = replies.success(hold.message, clientId=session.id)
    _advise(state, session, hold, reply, crowded=crowded)
    if ext := _extensions(state, session, hold):
        reply["ext"] = ext
    return reply


def _confirm(state: State, session: Session, message: Message) -> None:
    seen = message.section("ext").get("ack")
    # JSON's true is no number, though Python's is.
    again = session.mailbox.confirm(seen if type(seen) is int else 0)
    state.counters.redelivered += again


def _take_over(state: State, session: Session, exchange: Exchange) -> None:
    if session.hold is not None:
        state.supersede(session, exchange.now)
    session.transport = exchange.peer.transport
    if session.socket is not None and session.transport is not Transport.WEBSOCKET:
        state.unbind(session)


def _as_hold(state: State, message: Message, asked: Fields, exchange: Exchange) -> Hold:
    return Hold(
        peer=exchange.peer,
        message=message,
        received_ms=state.wall() * 1000,
        deadline=exchange.now + _timeout(state, asked),
        repeats_advice=bool(asked),
    )


def _timeout(state: State, asked: Fields) -> float:
    if state.spread is not None:
        return 0.0
    longest = state.times.timeout
    timeout = finite(asked.get("timeout"))
    return longest if timeout is None else min(max(0.0, timeout / 1000), longest)


def _interval(state: State, asked: Fields, *, crowded: bool) -> float:
    if crowded:
        return state.times.crowded_interval
    interval = finite(asked.get("interval"))
    if interval is None:
        return state.times.interval
    return min(max(0.0, interval / 1000), state.times.max_interval)


def _is_crowded(state: State, session: Session, peer: Peer) -> bool:
    """Tell whether other tabs of the same browser use up its connections to this host."""
    allowed = state.settings.max_held_per_browser
    if allowed < 0 or peer.transport is Transport.WEBSOCKET:
        return False
    return len(state.held_by(session.browser)) >= allowed


def _may_wait(session: Session, hold: Hold, exchange: Exchange) -> bool:
    return (
        session.connected
        and exchange.is_single
        and hold.deadline > exchange.now
        and not session.mailbox
    )


def _advise(state: State, session: Session, hold: Hold, reply: Reply, *, crowded: bool) -> None:
    advice = _advice(state, crowded=crowded)
    if hold.repeats_advice or session.advised != (session.transport, advice):
        reply["advice"] = advice.as_fields()
        session.advised = (session.transport, advice)


def _advice(state: State, *, crowded: bool) -> Advice:
    if state.spread is not None:
        return state.times.advice_with(state.spread())
    return state.times.crowded_advice if crowded else state.times.advice


def _extensions(state: State, session: Session, hold: Hold) -> Reply:
    ext: Reply = {}
    if session.acknowledging:
        ext["ack"] = session.batch
    if "ext" in hold.message.fields:
        wall = state.wall() * 1000
        times = timesync(hold.message, received_ms=hold.received_ms, answered_ms=wall)
        if times is not None:
            ext["timesync"] = times
    return ext
