"""A client receives each event once and in order, after any sequence of steps."""

import json
from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from shared.bayeux.messages.message import Message
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, FakePeer, ProtocolHarness, Reply, events_of


class AcknowledgingClient(RuleBasedStateMachine):
    """A client that polls, loses answers, loses its socket, and remembers the last batch."""

    def __init__(self) -> None:
        super().__init__()
        self.harness = ProtocolHarness()
        self.client = Client(self.harness).join(ext={"ack": True})
        self.seen_batch = 1
        self.published = 0
        self.got: list[int] = []
        self.waiting: list[FakePeer] = []

    @rule(times=st.integers(1, 3))
    def something_happens(self, times: int) -> None:
        for _ in range(times):
            self.harness.publish("anna", self.published)
            self.published += 1

    @rule(transport=st.sampled_from(list(Transport)), answer_arrives=st.booleans())
    def connects(self, transport: Transport, answer_arrives: bool) -> None:
        if transport is not self.client.transport:
            self.client.transport = transport
            self.client.socket = self.client._peer()
        message = self.client.message("/meta/connect", ext={"ack": self.seen_batch})
        peer, outcome = self.client.send(message)
        if outcome.pending is not None:
            self.waiting.append(peer)
        elif answer_arrives:
            self.read(outcome.texts)

    @precondition(lambda self: self.waiting)
    @rule(answer_arrives=st.booleans())
    def a_request_is_written(self, answer_arrives: bool) -> None:
        peer = self.waiting[-1]
        texts = self.harness.protocol.collect(peer, self.harness.now)
        if texts:
            self.waiting.pop()
        if answer_arrives:
            self.read(texts)

    @precondition(lambda self: self.waiting)
    @rule()
    def a_connection_is_cut(self) -> None:
        peer = self.waiting.pop()
        self.harness.protocol.detach(peer, self.harness.now)
        self.client.socket = self.client._peer()

    @rule(seconds=st.floats(0, 5))
    def time_passes(self, seconds: float) -> None:
        self.harness.now += seconds
        for session in self.harness.protocol.sessions():
            session.expires_at += seconds
        self.harness.sweep()

    @invariant()
    def nothing_is_doubled_or_out_of_order(self) -> None:
        assert self.got == list(range(len(self.got)))

    def teardown(self) -> None:
        for _ in range(2):
            fields = {"ext": {"ack": self.seen_batch}, "advice": {"timeout": 0}}
            _, outcome = self.client.send(self.client.message("/meta/connect", **fields))
            self.read(outcome.texts)
        assert self.got == list(range(self.published))

    def read(self, texts: Sequence[bytes]) -> None:
        replies: list[Reply] = [json.loads(text) for text in texts]
        for reply in replies:
            assert "error" not in reply
            self.seen_batch = reply.get("ext", {}).get("ack", self.seen_batch)
        self.got += events_of(replies)


class HastyClient(RuleBasedStateMachine):
    """A client without acknowledgements whose requests take their time to be answered.

    Nothing that was written is lost to it, so that each event comes once.
    """

    @initialize(transport=st.sampled_from([Transport.WEBSOCKET, Transport.LONG_POLLING]))
    def begins(self, transport: Transport) -> None:
        self.harness = ProtocolHarness.with_settings(max_frame_bytes=100)
        self.client = Client(self.harness, transport=transport).join()
        self.published = 0
        self.got: list[int] = []
        self.asked: list[Exchange] = []
        self.waiting: list[FakePeer] = []

    @rule(times=st.integers(1, 3))
    def something_happens(self, times: int) -> None:
        for _ in range(times):
            self.harness.publish("anna", self.published)
            self.published += 1

    @rule(subscribes=st.booleans(), connects=st.booleans())
    def asks(self, subscribes: bool, connects: bool) -> None:
        """Send a batch: the answer may wait for a database."""
        messages = [self.client.message("/service/x")]
        if subscribes:
            messages.append(self.client.message("/meta/subscribe", subscription="/me/channels"))
        if connects:
            messages.append(self.client.message("/meta/connect"))
        peer = self.client.socket if self.is_socket else self.client._peer()
        read = [Message(one) for one in messages]
        self.asked.append(self.harness.protocol.dispatch(read, peer, self.harness.now))

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0))
    def is_answered(self, which: int) -> None:
        exchange = self.asked.pop(0 if self.is_socket else which % len(self.asked))
        self.read(self.harness.protocol.answer(exchange))

    @rule()
    def waits(self) -> None:
        peer, outcome = self.client.send(self.client.message("/meta/connect"))
        self.read(outcome.texts)
        if outcome.pending is not None:
            self.waiting.append(peer)

    @rule()
    def is_written_to(self) -> None:
        for peer in self.waiting or [self.client.socket]:
            self.read(self.harness.protocol.collect(peer, self.harness.now))

    @invariant()
    def nothing_is_doubled_or_out_of_order(self) -> None:
        got = getattr(self, "got", [])
        assert got == list(range(len(got)))

    def teardown(self) -> None:
        while getattr(self, "got", None) is not None and len(self.got) < self.published:
            before = len(self.got)
            self.waits()
            self.is_written_to()
            assert len(self.got) > before

    @property
    def is_socket(self) -> bool:
        return self.client.transport is Transport.WEBSOCKET

    def read(self, texts: Sequence[bytes]) -> None:
        self.got += events_of([json.loads(text) for text in texts])


TestHasty = HastyClient.TestCase
TestHasty.settings = settings(stateful_step_count=30)

TestAnyOrder = AcknowledgingClient.TestCase
TestAnyOrder.settings = settings(stateful_step_count=40)
