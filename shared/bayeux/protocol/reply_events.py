"""The events that leave in the answer to a request, beside pushed ones and those of held connects.

They are taken immediately before sending; events taken earlier would be overtaken by later ones.
"""

from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.session import Peer, Session, Transport
from shared.bayeux.sessions.session_registry import SessionRegistry


def take_reply_events(registry: SessionRegistry, exchange: Exchange) -> list[bytes]:
    """Remove the events that leave now from the queues of the request's sessions; return them."""
    most = registry.settings.max_frame_bytes
    texts: list[bytes] = []
    for session, batch in exchange.sessions.items():
        if _may_leave(session, batch, exchange.peer):
            registry.note_delay(session, exchange.now)
            kept_as = batch if session.acknowledging else None
            texts += session.queue.take(at_most=most, batch=kept_as)
    return texts


def _may_leave(session: Session, batch: int | None, peer: Peer) -> bool:
    """Tell whether events leave now; `batch` is the one of a connect that was answered."""
    if session.acknowledging:
        # Otherwise another connect was answered meanwhile and has taken the events.
        return batch is not None and batch == session.batch
    if session.pushes():
        return batch is not None and session.socket is peer
    return batch is not None or peer.transport is Transport.LONG_POLLING
