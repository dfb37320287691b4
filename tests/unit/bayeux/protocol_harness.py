"""A protocol without a network, with a clock that tests move, and clients of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any, Final

from services.gateway.notifications.topics import INTERACTIONS, own_topics_only
from shared.bayeux.ext.offered import offered_extensions
from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import Message
from shared.bayeux.protocol.bayeux_protocol import BayeuxProtocol, Outcome
from shared.bayeux.sessions.effects import Effect
from shared.bayeux.sessions.session import Login, Session, Transport
from shared.bayeux.settings import BayeuxSettings
from shared.domain.journal_positions import Span
from tests.support.bayeux_client import BayeuxSession

Reply = dict[str, Any]

SETTINGS: Final = BayeuxSettings(
    timeout=timedelta(seconds=30), interval=timedelta(0), max_interval=timedelta(seconds=10)
)
WALL: Final = 1_700_000_000.0


@dataclass(eq=False)
class FakePeer:
    """A request or a socket that only remembers that it was woken."""

    user_id: str
    transport: Transport
    browser: str | None
    session: Session | None = None
    login: Login = field(default_factory=Login)
    wakes: int = 0
    is_there: bool = True

    def flush(self) -> None:
        self.wakes += 1


@dataclass
class ProtocolHarness:
    """A protocol, its clock, the range of its journal, and the effects so far."""

    settings: BayeuxSettings = SETTINGS
    now: float = 100.0
    span: Span | None = None
    effects: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.protocol = BayeuxProtocol(
            self.settings, own_topics_only, offered_extensions, wall=lambda: WALL + self.now
        )

    @classmethod
    def with_settings(cls, **changes: Any) -> "ProtocolHarness":
        return cls(replace(SETTINGS, **changes))

    def settle(self) -> None:
        """Collect the effects, and flush the peers that were woken."""
        self.effects += self.protocol.take_effects()
        for peer in self.protocol.take_woken():
            peer.flush()

    def publish(
        self,
        user_id: str,
        payload: object,
        topic: str = INTERACTIONS,
        *,
        position: int | None = None,
    ) -> None:
        self.protocol.publish(user_id, topic, Event(payload), position)
        self.settle()

    def sweep(self) -> None:
        self.protocol.sweep(self.now)
        self.settle()

    def seen(self, kind: type[Effect]) -> list[Effect]:
        """Return the effects of one kind so far, and forget them."""
        found = [effect for effect in self.effects if isinstance(effect, kind)]
        self.effects = [effect for effect in self.effects if not isinstance(effect, kind)]
        return found


class Client(BayeuxSession):
    """One desktop. Each HTTP message has its own peer; a socket has one for all."""

    _browsers = count()

    def __init__(
        self,
        harness: ProtocolHarness,
        user_id: str = "anna",
        *,
        transport: Transport = Transport.LONG_POLLING,
        browser: str | None = None,
    ) -> None:
        self.harness = harness
        self.user_id = user_id
        self.transport = transport
        self.browser = browser or f"browser{next(self._browsers):09}"
        super().__init__()
        self.socket = self._peer()

    def send(self, *messages: dict[str, Any]) -> tuple[FakePeer, Outcome]:
        return self.dispatch([Message(one) for one in messages])

    def dispatch(self, messages: Sequence[Message]) -> tuple[FakePeer, Outcome]:
        """Hand messages that have been read to the protocol."""
        peer = self.socket if self.transport is Transport.WEBSOCKET else self._peer()
        protocol = self.harness.protocol
        exchange = protocol.dispatch(messages, peer, self.harness.now, self.harness.span)
        outcome = Outcome(protocol.answer(exchange), exchange.pending)
        self.harness.settle()
        return peer, outcome

    def ask(self, channel: str | None, /, **fields: Any) -> list[Reply]:
        """Send one message and return all that is answered at once."""
        _, outcome = self.send(self.message(channel, **fields))
        return [json.loads(text) for text in outcome.texts]

    def handshake(self, **fields: Any) -> Reply:
        _, outcome = self.send(self.handshake_message(**fields))
        [reply] = [json.loads(text) for text in outcome.texts]
        return self.begin(reply)

    def join(self, *channels: str, ext: Mapping[str, Any] | None = None) -> "Client":
        """Shake hands, subscribe and make the first connect, as the official client does."""
        self.handshake(**{"ext": ext} if ext else {})
        for channel in channels or (INTERACTIONS,):
            self.ask("/meta/subscribe", subscription=channel)
        self.ask("/meta/connect", connectionType=self.transport, advice={"timeout": 0})
        return self

    def poll(self, **fields: Any) -> FakePeer:
        """Send a connect that is held."""
        peer, outcome = self.send(self.message("/meta/connect", **fields))
        assert outcome.pending is not None
        assert outcome.texts == []
        return peer

    def collect(self, peer: FakePeer) -> list[Reply]:
        texts = self.harness.protocol.collect(peer, self.harness.now)
        self.harness.settle()
        return [json.loads(text) for text in texts]

    def _peer(self) -> FakePeer:
        return FakePeer(self.user_id, self.transport, self.browser)


def events_of(replies: list[Reply]) -> list[Any]:
    """Return the payloads among what a client got."""
    return [reply["data"] for reply in replies if "data" in reply]
