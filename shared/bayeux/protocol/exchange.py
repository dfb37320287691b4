"""The state of one request or frame while the protocol handles it."""

from dataclasses import dataclass, field

from shared.bayeux.journal import Span
from shared.bayeux.messages.message import Reply
from shared.bayeux.sessions.session import Peer, PendingConnect, Session


@dataclass(slots=True)
class Exchange:
    """A request and its replies so far.

    Attributes:
        peer: The request or socket that it came by.
        now: The time of the request (monotonic, seconds).
        is_single: Whether it has one message only.
        span: The range that the user's journal keeps, if it was read.
        replies: The replies so far, in the order of the messages.
        sessions: The sessions of the messages, with the ack batch of a connect that was answered.
        pending: The connect that is held.
    """

    peer: Peer
    now: float
    is_single: bool
    span: Span | None = None
    replies: list[Reply] = field(default_factory=list)
    sessions: dict[Session, int | None] = field(default_factory=dict)
    pending: PendingConnect | None = None
