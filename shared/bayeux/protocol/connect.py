"""/meta/connect: whether a connect waits, and the reply to it."""

from shared.bayeux.messages import replies
from shared.bayeux.messages.message import Fields, Message, Reply, finite
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.advice import Advice
from shared.bayeux.sessions.extension import Extensions
from shared.bayeux.sessions.session import Peer, PendingConnect, Session, Transport
from shared.bayeux.sessions.session_registry import SessionRegistry


def connect(
    registry: SessionRegistry,
    extensions: Extensions,
    session: Session,
    message: Message,
    exchange: Exchange,
) -> None:
    """Reply to a connect at once, or hold it in `exchange.pending`."""
    extensions.on_connect(session, message)
    _replace_previous(registry, session, exchange)
    asked = message.section("advice")
    pending = _pending_connect(registry, message, asked, exchange)
    waits = _may_wait(session, pending, exchange)
    crowded = waits and _is_crowded(registry, session, exchange.peer)
    session.interval = _interval(registry, asked, crowded=crowded)
    if crowded and registry.times.crowded_interval <= 0:
        exchange.replies.append(
            replies.failure(message, replies.TOO_MANY_TABS, advice=replies.ONE_TAB)
        )
        registry.end_wait(session, exchange.now)
    elif crowded or not waits:
        session.connected = True
        reply = _answer(registry, extensions, session, pending, crowded=crowded)
        exchange.replies.append(reply)
        exchange.sessions[session] = session.batch
        registry.end_wait(session, exchange.now)
    else:
        registry.hold(session, pending)
        exchange.pending = pending


def release(
    registry: SessionRegistry,
    extensions: Extensions,
    session: Session,
    pending: PendingConnect,
    now: float,
) -> tuple[list[bytes], Reply]:
    """End the wait of a connect; return the events, as JSON, and the reply to it."""
    reply = _answer(registry, extensions, session, pending)
    events = session.queue.take(
        at_most=registry.settings.max_frame_bytes,
        batch=session.batch if session.acknowledging else None,
    )
    registry.end_wait(session, now)
    return events, reply


def retry_reply(registry: SessionRegistry, message: Message) -> Reply:
    """Return the reply that makes a client repeat a connect whose session is elsewhere."""
    advice = _advice(registry, crowded=False).as_fields()
    return replies.success(message, clientId=message.client_id, advice=advice)


def login_ended_reply(message: Message) -> Reply:
    """Return the reply to a connect whose session is elsewhere and whose login has ended."""
    return replies.success(message, clientId=message.client_id) | replies.LOGIN_ENDED


def _answer(
    registry: SessionRegistry,
    extensions: Extensions,
    session: Session,
    pending: PendingConnect,
    *,
    crowded: bool = False,
) -> Reply:
    if pending.ending is not None:
        return replies.success(pending.message, clientId=session.id) | pending.ending
    session.batch += 1
    reply = replies.success(pending.message, clientId=session.id)
    _add_advice(registry, session, pending, reply, crowded=crowded)
    extensions.add_connect_values(reply, session, pending)
    return reply


def _replace_previous(registry: SessionRegistry, session: Session, exchange: Exchange) -> None:
    if session.pending is not None:
        registry.supersede(session, exchange.now)
    session.transport = exchange.peer.transport
    if session.socket is not None and session.transport is not Transport.WEBSOCKET:
        registry.unbind(session)


def _pending_connect(
    registry: SessionRegistry, message: Message, asked: Fields, exchange: Exchange
) -> PendingConnect:
    return PendingConnect(
        peer=exchange.peer,
        message=message,
        received_ms=registry.wall() * 1000,
        deadline=exchange.now + _timeout(registry, asked),
        repeats_advice=bool(asked),
    )


def _timeout(registry: SessionRegistry, asked: Fields) -> float:
    if registry.drain_interval is not None:
        return 0.0
    longest = registry.times.timeout
    timeout = finite(asked.get("timeout"))
    return longest if timeout is None else min(max(0.0, timeout / 1000), longest)


def _interval(registry: SessionRegistry, asked: Fields, *, crowded: bool) -> float:
    if crowded:
        return registry.times.crowded_interval
    interval = finite(asked.get("interval"))
    if interval is None:
        return registry.times.interval
    return min(max(0.0, interval / 1000), registry.times.max_interval)


def _is_crowded(registry: SessionRegistry, session: Session, peer: Peer) -> bool:
    """Tell whether other tabs of the browser hold as many connects as are allowed."""
    allowed = registry.settings.max_held_per_browser
    if allowed < 0 or peer.transport is Transport.WEBSOCKET:
        return False
    return len(registry.held_by(session.browser)) >= allowed


def _may_wait(session: Session, pending: PendingConnect, exchange: Exchange) -> bool:
    # The first connect is answered at once, so that the client learns that the session works.
    # A connect that came with other messages would hold back the replies to those.
    return (
        session.connected
        and exchange.is_single
        and pending.deadline > exchange.now
        and not session.queue
    )


def _add_advice(
    registry: SessionRegistry,
    session: Session,
    pending: PendingConnect,
    reply: Reply,
    *,
    crowded: bool,
) -> None:
    advice = _advice(registry, crowded=crowded)
    # Clients keep the advice that they got, so a reply repeats it only if it changes.
    if pending.repeats_advice or session.advised != (session.transport, advice):
        reply["advice"] = advice.as_fields()
        session.advised = (session.transport, advice)


def _advice(registry: SessionRegistry, *, crowded: bool) -> Advice:
    if registry.drain_interval is not None:
        return registry.times.advice_with(registry.drain_interval())
    return registry.times.crowded_advice if crowded else registry.times.advice
