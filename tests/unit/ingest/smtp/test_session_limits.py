"""The limits on sessions."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from services.ingest.settings import IngestSettings
from services.ingest.smtp.session_limits import (
    CROWDED,
    FULL,
    IDLE,
    OVERFULL,
    STOPPING,
    TOO_OFTEN,
    SessionLimits,
    SmtpSessions,
)
from shared.peers.network_peers import Network

ROOM = 100


@dataclass(eq=False)
class FakeSession:
    address: str
    active_at: float = 0.0
    is_in_data: bool = False
    is_storing: bool = False
    said: list[bytes] = field(default_factory=list)

    def close_with(self, reason: bytes) -> None:
        self.said.append(reason)


def settings(**changed: object) -> IngestSettings:
    needed = {"RABBITMQ_URL": "amqp://unused", "MONGODB_URL": "mongodb://unused"}
    return IngestSettings.model_validate(needed | changed)


def sessions(
    *,
    most: int = 4,
    per_peer: int = 4,
    relays: tuple[Network, ...] = (),
    now: float = 100.0,
    new: int = 1_000,
) -> SmtpSessions:
    limits = SessionLimits(most, per_peer, relays, 10.0, ROOM, 1_000, new)
    return SmtpSessions(limits, lambda: now)


def test_addresses_of_one_site_share_its_sessions() -> None:
    open_ones = sessions(per_peer=2)

    answers = [open_ones.admit(FakeSession(f"2001:db8::{number}")) for number in range(3)]

    assert answers == [None, None, CROWDED]
    assert open_ones.admit(FakeSession("2001:db8:1::1")) is None


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::5"])
def test_a_relay_is_found_in_its_network(address: str) -> None:
    relays = settings(relays="192.0.2.0/24, 2001:db8::5").relays
    open_ones = sessions(per_peer=1, relays=relays)

    assert [open_ones.admit(FakeSession(address)) for _ in range(3)] == [None] * 3


def test_the_least_useful_of_the_greediest_makes_room() -> None:
    open_ones = sessions()
    modest = FakeSession("192.0.2.1", active_at=1)
    greedy = [FakeSession("192.0.2.2", active_at=moment) for moment in (50, 20, 30)]
    for one in (modest, *greedy):
        assert open_ones.admit(one) is None

    assert open_ones.admit(FakeSession("192.0.2.3")) is None

    assert [one.said for one in greedy] == [[], [IDLE], []]
    assert modest.said == []


def test_peer_with_fewer_sessions_makes_no_room() -> None:
    open_ones = sessions(most=3)
    modest = FakeSession("192.0.2.1", active_at=1)
    greedy = [FakeSession("192.0.2.2", active_at=99) for _ in range(2)]
    for one in (modest, *greedy):
        open_ones.admit(one)

    assert open_ones.admit(FakeSession("192.0.2.2")) == FULL
    assert modest.said == []


@pytest.mark.parametrize(
    "busy",
    [FakeSession("192.0.2.1", active_at=95), FakeSession("192.0.2.1", is_in_data=True)],
)
def test_busy_session_makes_no_room(busy: FakeSession) -> None:
    open_ones = sessions(most=1)
    open_ones.admit(busy)

    assert open_ones.admit(FakeSession("192.0.2.3")) == FULL
    assert busy.said == []


def test_a_session_that_ends_twice_counts_once() -> None:
    open_ones = sessions(per_peer=1)
    first, second = FakeSession("192.0.2.1"), FakeSession("192.0.2.1")
    open_ones.admit(first)
    open_ones.remove(first)
    open_ones.admit(second)
    open_ones.remove(first)

    assert open_ones.admit(FakeSession("192.0.2.1")) == CROWDED


async def test_stopping_service_admits_no_session() -> None:
    open_ones = sessions()
    await open_ones.close_all()

    assert open_ones.admit(FakeSession("192.0.2.1")) == STOPPING


@pytest.mark.parametrize("relays", ["192.0.2.1/24", "relay.example", "192.0.2.0/33"])
def test_invalid_network_is_no_relay(relays: str) -> None:
    with pytest.raises(ValidationError):
        settings(relays=relays)


def test_relays_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://unused")
    monkeypatch.setenv("MONGODB_URL", "mongodb://unused")
    monkeypatch.setenv("INGEST_RELAYS", "192.0.2.0/24,2001:db8::/32")

    assert [str(one) for one in IngestSettings().relays] == ["192.0.2.0/24", "2001:db8::/32"]


def test_largest_mail_of_the_busiest_peer_makes_room() -> None:
    open_ones = sessions()
    alone, small, large = (FakeSession(one) for one in ("192.0.2.1", "192.0.2.2", "192.0.2.2"))

    for session, octets in ((alone, 40), (small, 20), (large, 35), (alone, 6)):
        open_ones.add_octets(session, octets)

    assert (alone.said, small.said, large.said) == ([], [], [OVERFULL])


def test_a_mail_that_is_whole_makes_no_room() -> None:
    open_ones = sessions()
    whole, begun = FakeSession("192.0.2.1", is_storing=True), FakeSession("192.0.2.2")

    open_ones.add_octets(whole, 90)
    open_ones.add_octets(begun, 11)

    assert (whole.said, begun.said) == ([], [OVERFULL])


def test_mails_that_were_handed_in_leave_their_room_to_others() -> None:
    open_ones = sessions()
    session = FakeSession("192.0.2.1")

    for _ in range(3):
        open_ones.add_octets(session, ROOM)
        open_ones.finish_mail(session)

    assert session.said == []


def test_room_is_for_one_mail_at_least() -> None:
    with pytest.raises(ValidationError, match="INGEST_ROOM"):
        settings(room=1_999, largest_mail=1_000)


def test_the_autoscaler_sees_how_many_sessions_are_open() -> None:
    open_ones = sessions()
    two = [FakeSession("192.0.2.1"), FakeSession("192.0.2.2")]
    for one in two:
        open_ones.admit(one)
    at_most = REGISTRY.get_sample_value("mailroom_ingest_sessions")
    for one in two:
        open_ones.remove(one)

    assert at_most == 2
    assert REGISTRY.get_sample_value("mailroom_ingest_sessions") == 0


def test_peer_that_connects_too_often_is_refused_at_the_door() -> None:
    open_ones = sessions(new=2)

    answers = [open_ones.refusal_at_door("192.0.2.1") for _ in range(3)]

    assert answers == [None, None, TOO_OFTEN]
    assert open_ones.refusal_at_door("192.0.2.2") is None


def test_relay_may_connect_as_often_as_it_likes() -> None:
    open_ones = sessions(new=1, per_peer=1, relays=settings(relays="192.0.2.1").relays)

    assert [open_ones.refusal_at_door("192.0.2.1") for _ in range(3)] == [None] * 3


def test_peer_with_all_its_sessions_is_refused_at_the_door() -> None:
    open_ones = sessions(per_peer=1)
    open_ones.admit(FakeSession("192.0.2.1"))

    assert open_ones.refusal_at_door("192.0.2.1") == CROWDED
