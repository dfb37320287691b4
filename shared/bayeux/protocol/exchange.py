"""One request or frame on its way through the protocol."""

from dataclasses import dataclass, field

from shared.bayeux.messages.message import Reply
from shared.bayeux.positions import Span
from shared.bayeux.sessions.session import Peer, PendingConnect, Session


@dataclass(slots=True)
class Exchange:
    """Who asks, when, and what has been answered so far.

    `sessions` are those that spoke, with the batch of the connect that was answered, if one was.
    """

    peer: Peer
    now: float
    is_single: bool
    span: Span | None = None
    replies: list[Reply] = field(default_factory=list)
    sessions: dict[Session, int | None] = field(default_factory=dict)
    pending: PendingConnect | None = None
