"""Messages that are published again after the broker has lost its data."""

from dataclasses import dataclass

from shared.contracts.envelope import EVENTS, JOURNALED
from shared.contracts.outgoing import Outgoing
from shared.messaging.recent_messages import RecentMessages


@dataclass
class ManualClock:
    seconds: float = 1_000.0

    def now(self) -> float:
        return self.seconds


def command(number: int, journey: str = "one") -> Outgoing:
    return Outgoing(str(number), "routing.commands", "routing.x.v1", b"", journey)


def event(number: int) -> Outgoing:
    return Outgoing(str(number), EVENTS, "interaction.sent.v1.agent", b"", "one")


def ids(recent: RecentMessages) -> list[str]:
    return [message.id for message in recent.all()]


def test_messages_come_in_their_order_for_a_minute() -> None:
    time = ManualClock()
    recent = RecentMessages(time.now)
    recent.add(command(1))
    time.seconds += 50
    recent.add(command(2))

    both = ids(recent)
    time.seconds += 11

    assert (both, ids(recent)) == (["1", "2"], ["2"])


def test_commands_beyond_the_remembered_ones_are_not_repeated() -> None:
    recent = RecentMessages(ManualClock().now)
    for number in range(20):
        recent.add(command(number))
    recent.add(command(99, "two"))

    assert ids(recent) == [*map(str, range(12, 20)), "99"]


def test_all_events_are_kept_for_they_are_known_by_their_ids() -> None:
    recent = RecentMessages(ManualClock().now)
    for number in range(20):
        recent.add(event(number))

    assert len(ids(recent)) == 20


def test_journal_messages_are_not_republished() -> None:
    recent = RecentMessages(ManualClock().now)
    recent.add(Outgoing("1", JOURNALED, "agent", b""))

    assert ids(recent) == []


def test_memory_is_bounded() -> None:
    recent = RecentMessages(ManualClock().now)
    for number in range(6_000):
        recent.add(event(number))

    assert ids(recent)[0] == "1000"
    assert len(ids(recent)) == 5_000
