"""/meta/connect: when to wait, when to answer, and with what."""

from datetime import timedelta

from services.gateway.bayeux import replies
from services.gateway.bayeux.exchange import Exchange
from services.gateway.bayeux.session import Advice, Hold, Session, Transport
from services.gateway.bayeux.settings import milliseconds
from services.gateway.bayeux.state import State
from services.gateway.bayeux.timesync import timesync
from services.gateway.bayeux.wire import Message, Reply, encode, finite


def connect(state: State, session: Session, message: Message, exchange: Exchange) -> None:
    """Answer a connect at once, or leave it waiting in `exchange.hold`."""
    _confirm(state, session, message)
    _take_over(state, session, exchange)
    hold = _as_hold(state, message, exchange)
    waits = _may_wait(session, hold, exchange)
    crowded = waits and _is_crowded(state, session, exchange)
    session.interval = _interval(state, message, crowded=crowded)
    if crowded or not waits:
        session.connected = True
        exchange.replies.append(_answer(state, session, hold, crowded=crowded))
        exchange.sessions[session] = session.batch
        state.let_go(session, exchange.now)
    else:
        state.keep(session, hold)
        exchange.hold = hold


def release(state: State, session: Session, hold: Hold, now: float) -> list[str]:
    """End a wait: all that its client gets, events first."""
    reply = _answer(state, session, hold)
    events = session.mailbox.take(
        at_most=state.settings.max_frame_bytes,
        batch=session.batch if session.acknowledging else None,
    )
    state.let_go(session, now)
    return [*events, encode(stamped(state, reply))]


def stamped(state: State, reply: Reply) -> Reply:
    """Add the time where the timestamp extension is on."""
    if state.settings.timestamps:
        reply["timestamp"] = replies.http_date(state.wall())
    return reply


def _answer(state: State, session: Session, hold: Hold, *, crowded: bool = False) -> Reply:
    if hold.ending is not None:
        return replies.success(hold.message) | hold.ending
    session.batch += 1
    reply = replies.success(hold.message, clientId=session.id)
    _advise(state, session, hold, reply, crowded=crowded)
    if ext := _extensions(state, session, hold):
        reply["ext"] = ext
    return reply


def _confirm(state: State, session: Session, message: Message) -> None:
    if session.acknowledging:
        seen = message.section("ext").get("ack")
        again = session.mailbox.confirm(seen if isinstance(seen, int) else 0)
        state.counters.redelivered += again


def _take_over(state: State, session: Session, exchange: Exchange) -> None:
    state.supersede(session, exchange.now)
    session.transport = exchange.peer.transport
    if exchange.peer.transport is not Transport.WEBSOCKET:
        state.unbind(session)


def _as_hold(state: State, message: Message, exchange: Exchange) -> Hold:
    return Hold(
        peer=exchange.peer,
        message=message,
        received_ms=state.wall() * 1000,
        deadline=exchange.now + _timeout(state, message),
        repeats_advice=bool(message.section("advice")),
    )


def _timeout(state: State, message: Message) -> float:
    longest = state.settings.timeout.total_seconds()
    asked = finite(message.section("advice").get("timeout"))
    if state.spread is not None:
        return 0.0
    return longest if asked is None else min(max(0.0, asked / 1000), longest)


def _interval(state: State, message: Message, *, crowded: bool) -> float:
    if crowded:
        return state.settings.multi_session_interval.total_seconds()
    asked = finite(message.section("advice").get("interval"))
    if asked is None:
        return state.settings.interval.total_seconds()
    return min(max(0.0, asked / 1000), state.max_interval)


def _is_crowded(state: State, session: Session, exchange: Exchange) -> bool:
    """Tell whether other tabs of the same browser use up its connections to this host."""
    allowed = state.settings.max_held_per_browser
    if exchange.peer.transport is Transport.WEBSOCKET or allowed < 0:
        return False
    return len(state.held_by(session.browser) - {session}) >= allowed


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
    timeout = milliseconds(state.settings.timeout)
    if state.spread is not None:
        return Advice(timeout, milliseconds(timedelta(seconds=state.spread())))
    if crowded:
        interval = milliseconds(state.settings.multi_session_interval)
        return Advice(timeout, interval, multiple_clients=True)
    return Advice(timeout, milliseconds(state.settings.interval))


def _extensions(state: State, session: Session, hold: Hold) -> Reply:
    ext: Reply = {}
    if session.acknowledging:
        ext["ack"] = session.batch
    wall = state.wall() * 1000
    times = timesync(hold.message, received_ms=hold.received_ms, answered_ms=wall)
    if times is not None:
        ext["timesync"] = times
    return ext
