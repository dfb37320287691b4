"""The ack extension: nothing is lost between server and client while the session lives."""

import pytest

from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness, events_of

ACK = {"ack": True}


def test_both_sides_agree_on_acknowledgements_in_the_handshake(harness: ProtocolHarness) -> None:
    assert Client(harness).handshake(ext=ACK)["ext"] == {"ack": True}


def test_acknowledgements_can_be_switched_off() -> None:
    client = Client(ProtocolHarness.with_settings(acknowledgements=False))

    assert "ext" not in client.handshake(ext=ACK)


def test_every_connect_reply_numbers_its_batch(harness: ProtocolHarness) -> None:
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", 1)

    replies = client.ask("/meta/connect", ext={"ack": 1})

    assert events_of(replies) == [1]
    assert replies[-1]["ext"] == {"ack": 2}


@pytest.mark.parametrize("transport", list(Transport))
def test_events_go_out_only_with_a_connect_reply(
    harness: ProtocolHarness, transport: Transport
) -> None:
    client = Client(harness, transport=transport).join(ext=ACK)
    harness.publish("anna", 1)

    replies = client.ask("/meta/subscribe", subscription="/me/workbins")

    assert events_of(replies) == []
    assert client.collect(client.socket) == []
    assert events_of(client.ask("/meta/connect", ext={"ack": 1})) == [1]


def test_unconfirmed_events_are_sent_again_before_newer_ones(harness: ProtocolHarness) -> None:
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", "first")
    client.ask("/meta/connect", ext={"ack": 1})
    harness.publish("anna", "second")

    again = client.ask("/meta/connect", ext={"ack": 1}, advice={"timeout": 0})

    assert events_of(again) == ["first", "second"]
    assert harness.protocol.counters.redelivered == 1


def test_unconfirmed_events_are_sent_without_new_ones(harness: ProtocolHarness) -> None:
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", 1)
    client.ask("/meta/connect", ext={"ack": 1})

    again = client.ask("/meta/connect", ext={"ack": 1})

    assert events_of(again) == [1]


def test_confirmed_events_are_gone(harness: ProtocolHarness) -> None:
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", 1)
    client.ask("/meta/connect", ext={"ack": 1})

    waiting = client.poll(ext={"ack": 2})

    assert client.collect(waiting) == []


def test_a_client_that_lost_its_place_gets_everything_again(harness: ProtocolHarness) -> None:
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", 1)
    client.ask("/meta/connect", ext={"ack": 1})

    assert events_of(client.ask("/meta/connect")) == [1]


def test_answer_overtaken_by_a_newer_connect_is_not_lost(harness: ProtocolHarness) -> None:
    client = Client(harness).join(ext=ACK)
    first = client.poll(ext={"ack": 1})
    harness.publish("anna", "on the wire")
    client.collect(first)

    replies = client.ask("/meta/connect", ext={"ack": 1}, advice={"timeout": 0})

    assert events_of(replies) == ["on the wire"]


def test_unconfirmed_events_count_against_the_limit() -> None:
    harness = ProtocolHarness.with_settings(max_queued_events=2)
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", 1)
    client.ask("/meta/connect", ext={"ack": 1})

    harness.publish("anna", 2)
    harness.publish("anna", 3)

    assert harness.protocol.counters.overflows == 1


def test_a_large_backlog_goes_out_in_portions_and_in_order() -> None:
    harness = ProtocolHarness.with_settings(max_frame_bytes=200)
    client = Client(harness).join(ext=ACK)
    for number in range(10):
        harness.publish("anna", number)

    got: list[int] = []
    batch = 1
    while len(got) < 10:
        replies = client.ask("/meta/connect", ext={"ack": batch})
        batch = replies[-1]["ext"]["ack"]
        got += events_of(replies)

    assert got == list(range(10))
    assert batch > 3


@pytest.mark.parametrize("seen", [True, "1", None, [], {}, 1.5, -3])
def test_malformed_batch_number_confirms_nothing(harness: ProtocolHarness, seen: object) -> None:
    client = Client(harness).join(ext=ACK)
    harness.publish("anna", 1)
    client.ask("/meta/connect", ext={"ack": 0})

    again = client.ask("/meta/connect", ext={"ack": seen})

    assert events_of(again) == [1]
