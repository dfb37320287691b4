"""The ack extension: events stay queued until the client confirms the answer that had them."""

from typing import Final

from shared.bayeux.messages.message import Message
from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.session_registry import SessionRegistry

EXTENSION: Final = "ack"


def negotiate(registry: SessionRegistry, session: Session, message: Message) -> bool:
    """Turn the extension on if a handshake asks for it and it is offered; return whether it is."""
    if registry.settings.acknowledgements and message.section("ext").get(EXTENSION) is True:
        session.acknowledging = True
    return session.acknowledging


def confirm(registry: SessionRegistry, session: Session, message: Message) -> None:
    """Remove the events that a connect confirms; all others will be sent again."""
    seen = message.section("ext").get(EXTENSION)
    # `isinstance` would accept true, which is an int in Python but not in JSON.
    again = session.queue.confirm(seen if type(seen) is int else 0)
    registry.counters.redelivered += again
