"""The ack extension: events stay queued until the client confirms the answer that had them."""

from shared.bayeux.messages.message import Message
from shared.bayeux.sessions.counters import Counters
from shared.bayeux.sessions.extension import Extension
from shared.bayeux.sessions.session import PendingConnect, Session


class Ack(Extension):
    """Numbers the answers to connects; a connect names the last one that its client received."""

    name = "ack"

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def handshake_value(self, session: Session, message: Message) -> object:
        """Turn acknowledgements on if the client asks for them."""
        session.acknowledging = message.section("ext").get(self.name) is True
        return True if session.acknowledging else None

    def on_connect(self, session: Session, message: Message) -> None:
        """Remove the events that the client confirms; all others will be sent again."""
        if not session.acknowledging:
            return
        confirmed = message.section("ext").get(self.name)
        # `isinstance` would accept true, which is an int in Python but not in JSON.
        again = session.queue.confirm(confirmed if type(confirmed) is int else 0)
        self._counters.redelivered += again

    def connect_value(self, session: Session, pending: PendingConnect) -> object:
        """Return the number of the answer."""
        del pending
        return session.batch if session.acknowledging else None
