"""The replay extension: a subscription that starts at a position of the journal instead of now.

Channels that start at one position in one request are read together, in the journal's order, so
that one last position is enough to go on from. Channels that are subscribed one after the other
need a position each. A subscription with -1 is answered with the position at which it starts.
"""

from collections.abc import Mapping
from typing import Any

from shared.bayeux.journal import ALL_THAT_IS_KEPT, NEW_ONLY, Span
from shared.bayeux.messages import replies
from shared.bayeux.messages.message import Message
from shared.bayeux.sessions.extension import Extension, SubscribeRequest, SubscribeResult
from shared.bayeux.sessions.replays import start_replay
from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.session_registry import SessionRegistry


class Replay(Extension):
    """Starts a subscription after `ext.replay`: one position, or one for each channel."""

    name = "replay"

    def __init__(self, registry: SessionRegistry) -> None:
        self._registry = registry

    def handshake_value(self, session: Session, message: Message) -> object:
        """Agree to the extension if the client asks for it."""
        del session
        return True if message.section("ext").get(self.name) is True else None

    def needs_span(self, message: Message) -> bool:
        """Tell whether a subscription names a position."""
        return message.section("ext").get(self.name) is not None

    def on_subscribe(self, request: SubscribeRequest) -> SubscribeResult | str:
        """Start a replay for each name with a position, or return why one is not possible.

        Names with a position get no present state: the journal may contain the same events.
        """
        asked = {name: self._asked_position(request.message, name) for name in request.granted}
        starts: dict[str, int] = {}
        for name, position in asked.items():
            if position is None:
                continue
            start = _start(position, request.span)
            if isinstance(start, str):
                return start
            starts[name] = start
        for name, start in starts.items():
            start_replay(
                self._registry,
                request.session,
                request.granted[name],
                start,
                unless_received=asked[name] == NEW_ONLY,
            )
        return SubscribeResult(starts or None, from_past=starts)

    def _asked_position(self, message: Message, name: str) -> Any:
        """Return the position, of any type, that a message names for one of its subscriptions."""
        asked = message.section("ext").get(self.name)
        return asked.get(name) if isinstance(asked, Mapping) else asked


def _start(position: object, span: Span | None) -> int | str:
    """Return the position after which a subscription starts, or an error."""
    if isinstance(position, bool) or not isinstance(position, int):
        return replies.REPLAY_INVALID
    if position < ALL_THAT_IS_KEPT:
        return replies.REPLAY_INVALID
    if span is None:
        return replies.REPLAY_UNAVAILABLE
    try:
        return span.start(position)
    except LookupError as error:
        return replies.position_gone(str(error))
