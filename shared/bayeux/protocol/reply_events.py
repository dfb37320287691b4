"""Which events leave with the answer to a request, besides those that are pushed or waited for.

They are taken at the last moment: what is taken and kept back would be overtaken by what follows.
"""

from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.session import Peer, Session, Transport
from shared.bayeux.sessions.session_registry import SessionRegistry


def take_reply_events(registry: SessionRegistry, exchange: Exchange) -> list[bytes]:
    """Return the events that leave now, of all sessions that spoke."""
    most = registry.settings.max_frame_bytes
    texts: list[bytes] = []
    for session, batch in exchange.sessions.items():
        if _may_leave(session, batch, exchange.peer):
            registry.note_delay(session, exchange.now)
            kept_as = batch if session.acknowledging else None
            texts += session.queue.take(at_most=most, batch=kept_as)
    return texts


def _may_leave(session: Session, batch: int | None, peer: Peer) -> bool:
    """Tell whether a request takes events along; `batch` is the connect's that was answered."""
    if session.acknowledging:
        # Where another connect was answered meanwhile, that one took them.
        return batch is not None and batch == session.batch
    if session.pushes():
        return batch is not None and session.socket is peer
    return batch is not None or peer.transport is Transport.LONG_POLLING
