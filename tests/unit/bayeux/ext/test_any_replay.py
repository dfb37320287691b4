"""A client with replay receives each event once and in order, after any sequence of steps."""

import json
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.gateway.notifications.topics import CHANNELS, INTERACTIONS
from shared.bayeux.journal import JournalEvent, Page
from shared.bayeux.messages.events import Event
from shared.bayeux.sessions.effects import LastUnsubscription, PageWanted
from shared.bayeux.sessions.session import Transport
from shared.domain.journal_positions import Span
from tests.support.bayeux_client import Message
from tests.unit.bayeux.protocol_harness import SETTINGS, Client, FakePeer, ProtocolHarness, Reply

PATTERN = "/v2/me/*"
EVERYTHING = [PATTERN]
SMALL = replace(SETTINGS, max_queued_events=5)


class Pod:
    """A gateway: a protocol, its published position, and the pages that were requested."""

    def __init__(self) -> None:
        self.harness = ProtocolHarness(SMALL)
        self._reached: int | None = None

    @property
    def reached(self) -> int | None:
        """How far it has told; None since nobody listens, as with the one that tells in earnest."""
        if self.harness.seen(LastUnsubscription):
            self._reached = None
        return self._reached

    @reached.setter
    def reached(self, position: int) -> None:
        self._reached = position


class ReplayingClient(RuleBasedStateMachine):
    """A client that goes from pod to pod with the last position it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[str] = []
        self.pods = [Pod(), Pod()]
        self.got: list[int] = []
        self.seen = 0
        self.join(self.pods[0], Transport.LONG_POLLING, EVERYTHING)

    def join(self, pod: Pod, transport: Transport, names: Sequence[str | list[str]]) -> None:
        """Shake hands somewhere and go on from the last position, with all channels at once."""
        self.names = names
        self.pod = pod
        self.waiting: FakePeer | None = None
        pod.harness.span = Span(1, len(self.journal))
        self.client = Client(pod.harness, transport=transport)
        self.client.handshake(ext={"replay": True})
        self.subscribe()
        self.read(self.client.ask("/meta/connect", advice={"timeout": 0}))

    def subscribe(self) -> None:
        self.ask(*(self.subscription(name, self.seen) for name in self.names))

    def subscription(self, name: str | list[str], position: int) -> Message:
        return self.client.message("/meta/subscribe", subscription=name, ext={"replay": position})

    def ask(self, *messages: Message) -> None:
        _, outcome = self.client.send(*messages)
        self.read([json.loads(text) for text in outcome.texts])

    @rule(names=st.lists(st.sampled_from([INTERACTIONS, CHANNELS, PATTERN]), min_size=1))
    def the_client_asks_for_what_is_new_besides(self, names: list[str]) -> None:
        self.pod.harness.span = Span(1, len(self.journal))
        self.ask(*(self.subscription(name, -1) for name in names))

    @rule(topics=st.lists(st.sampled_from([INTERACTIONS, CHANNELS, ""]), min_size=1, max_size=4))
    def something_happens(self, topics: list[str]) -> None:
        self.journal += topics

    @rule(number=st.integers(0, 1))
    def a_pod_begins(self, number: int) -> None:
        pod = self.pods[number]
        if pod.reached is None:
            pod.reached = newest = len(self.journal)
            pod.harness.protocol.publish_from("anna", newest)
            pod.harness.settle()

    @rule(number=st.integers(0, 1), times=st.integers(1, 8))
    def a_pod_tells(self, number: int, times: int) -> None:
        self.tell(self.pods[number], times)

    def tell(self, pod: Pod, times: int) -> None:
        for _ in range(times):
            if pod.reached is None or pod.reached == len(self.journal):
                return
            pod.reached += 1
            if topic := self.journal[pod.reached - 1]:
                event = Event(pod.reached)
                pod.harness.protocol.publish("anna", topic, event, pod.reached)
                pod.harness.settle()

    @rule(number=st.integers(0, 1), size=st.integers(1, 4))
    def a_page_arrives(self, number: int, size: int) -> None:
        self.fetch(self.pods[number], size)

    def fetch(self, pod: Pod, size: int) -> None:
        for wanted in pod.harness.seen(PageWanted):
            assert isinstance(wanted, PageWanted)
            after = wanted.replay.reached
            end = min(after + size, len(self.journal))
            page = [
                JournalEvent(at, self.journal[at - 1], at)
                for at in range(after + 1, end + 1)
                if self.journal[at - 1]
            ]
            harness = pod.harness
            harness.protocol.fill(wanted.session_id, wanted.replay, Page(page, end), harness.now)
            harness.settle()

    @precondition(lambda self: self.waiting is None)
    @rule()
    def the_client_connects(self) -> None:
        peer, outcome = self.client.send(self.client.message("/meta/connect"))
        if outcome.pending is not None:
            self.waiting = peer
        self.read([json.loads(text) for text in outcome.texts])

    @rule()
    def the_socket_is_written_to(self) -> None:
        if self.client.transport is Transport.WEBSOCKET:
            self.read(self.client.collect(self.client.socket))

    @precondition(lambda self: self.waiting is not None)
    @rule()
    def a_connect_is_answered(self) -> None:
        assert self.waiting is not None
        replies = self.client.collect(self.waiting)
        if any("successful" in reply for reply in replies):
            self.waiting = None
        self.read(replies)

    @rule(
        number=st.integers(0, 1),
        transport=st.sampled_from(list(Transport)),
        names=st.sampled_from([EVERYTHING, [[INTERACTIONS, CHANNELS]], [INTERACTIONS, CHANNELS]]),
    )
    def the_client_is_cut_off_and_comes_back(
        self, number: int, transport: Transport, names: Sequence[str | list[str]]
    ) -> None:
        if self.waiting is not None:
            # The client never gets what was written to a connection that is gone.
            self.pod.harness.protocol.collect(self.waiting, self.pod.harness.now)
            self.pod.harness.protocol.detach(self.waiting, self.pod.harness.now)
        self.join(self.pods[number], transport, names)

    @rule(number=st.integers(0, 1))
    def a_pod_is_replaced(self, number: int) -> None:
        old, self.pods[number] = self.pods[number], Pod()
        if old is self.pod:
            self.join(self.pods[number], Transport.LONG_POLLING, self.names)

    @invariant()
    def nothing_is_left_out_doubled_or_out_of_order(self) -> None:
        expected = [at for at, topic in enumerate(self.journal, 1) if topic and at <= self.seen]
        assert self.got == expected

    def teardown(self) -> None:
        number = self.pods.index(self.pod)
        for _ in range(len(self.journal) + 5):
            self.a_pod_begins(number)
            self.tell(self.pod, 2)
            self.fetch(self.pod, 4)
            self.read(self.client.ask("/meta/connect", advice={"timeout": 0}))
            self.the_socket_is_written_to()
        assert self.is_complete()

    def is_complete(self) -> bool:
        return self.got == [at for at, topic in enumerate(self.journal, 1) if topic]

    def read(self, replies: list[Reply]) -> None:
        """Take what came; a session that was ended is begun anew."""
        for reply in replies:
            if "data" in reply:
                self.hear(reply["channel"], reply["data"])
        if any(reply.get("advice", {}).get("reconnect") == "handshake" for reply in replies):
            self.join(self.pod, self.client.transport, self.names)

    def hear(self, _channel: str, position: int) -> None:
        self.got.append(position)
        self.seen = position


class ClientOfEachChannel(ReplayingClient):
    """One that subscribes to one channel after the other, each after its own last position."""

    def __init__(self) -> None:
        self.of: dict[str, list[int]] = {INTERACTIONS: [], CHANNELS: []}
        super().__init__()

    def subscribe(self) -> None:
        for channel, got in self.of.items():
            self.ask(self.subscription(channel, got[-1] if got else 0))

    def hear(self, channel: str, position: int) -> None:
        self.of[channel].append(position)

    @invariant()
    def nothing_is_left_out_doubled_or_out_of_order(self) -> None:
        for channel, got in self.of.items():
            last = got[-1] if got else 0
            assert got == [at for at in self.all_of(channel) if at <= last]

    def all_of(self, channel: str) -> list[int]:
        return [at for at, topic in enumerate(self.journal, 1) if topic == channel]

    def is_complete(self) -> bool:
        return all(got == self.all_of(channel) for channel, got in self.of.items())


TestAnyReplay = ReplayingClient.TestCase
TestAnyReplayOfEachChannel = ClientOfEachChannel.TestCase
TestAnyReplay.settings = settings(stateful_step_count=50)
TestAnyReplayOfEachChannel.settings = TestAnyReplay.settings
