"""Whether a connect waits, and the reply to it."""

from datetime import timedelta

import pytest

from services.gateway.notifications.topics import INTERACTIONS
from shared.bayeux.messages.events import Event
from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness, events_of


def test_the_first_connect_is_answered_at_once(harness: ProtocolHarness) -> None:
    client = Client(harness)
    client.handshake()

    [reply] = client.ask("/meta/connect")

    assert reply["successful"] is True
    assert "advice" not in reply


def test_a_later_connect_waits_until_an_event_comes(harness: ProtocolHarness) -> None:
    client = Client(harness).join()

    peer = client.poll()
    harness.publish("anna", {"state": "Invited"})

    assert peer.wakes == 1
    event, reply = client.collect(peer)
    assert event == {"channel": "/v2/me/interactions", "data": {"state": "Invited"}}
    assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)


def test_a_connect_without_news_is_answered_at_its_deadline(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    peer = client.poll()

    harness.now += 29.9
    assert client.collect(peer) == []
    harness.now += 0.1

    assert [reply["channel"] for reply in client.collect(peer)] == ["/meta/connect"]


def test_a_client_may_shorten_one_wait_but_not_lengthen_it(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    peer = client.poll(advice={"timeout": 5_000})
    harness.now += 5
    assert len(client.collect(peer)) == 1

    peer = client.poll(advice={"timeout": 500_000})
    harness.now += 30

    assert len(client.collect(peer)) == 1


def test_a_shorter_wait_is_for_one_connect_only(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    short = client.poll(advice={"timeout": 5_000})
    harness.now += 5
    client.collect(short)

    peer = client.poll()
    harness.now += 29.9
    early = client.collect(peer)
    harness.now += 0.1

    assert early == []
    assert len(client.collect(peer)) == 1


@pytest.mark.parametrize("timeout", [0, -1, -5_000.5])
def test_a_client_that_does_not_want_to_wait_is_answered_at_once(
    harness: ProtocolHarness, timeout: float
) -> None:
    client = Client(harness).join()

    [reply] = client.ask("/meta/connect", advice={"timeout": timeout})

    assert reply["successful"] is True


@pytest.mark.parametrize("timeout", ["0", None, True, [0], {}, 1e300])
def test_a_wait_that_is_no_number_is_as_long_as_ours(
    harness: ProtocolHarness, timeout: object
) -> None:
    client = Client(harness).join()
    peer = client.poll(advice={"timeout": timeout})

    harness.now += 29.9
    early = client.collect(peer)
    harness.now += 0.1

    assert early == []
    assert len(client.collect(peer)) == 1


@pytest.mark.parametrize("advice", [0, "0", None, [], [{"timeout": 0}]])
def test_advice_that_is_no_object_is_none(harness: ProtocolHarness, advice: object) -> None:
    client = Client(harness).join()
    peer = client.poll(advice=advice)

    harness.now += 30
    [reply] = client.collect(peer)

    assert "advice" not in reply


def test_a_client_that_sends_advice_is_told_ours_again(harness: ProtocolHarness) -> None:
    client = Client(harness)
    client.handshake()

    [reply] = client.ask("/meta/connect", advice={"timeout": 0})

    assert reply["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 30_000}


def test_advice_is_repeated_when_the_transport_changes(harness: ProtocolHarness) -> None:
    client = Client(harness)
    client.handshake()
    assert "advice" not in client.ask("/meta/connect")[0]

    client.transport = client.socket.transport = Transport.WEBSOCKET
    socket = client.poll()
    harness.now += 30

    assert client.collect(socket)[0]["advice"]["reconnect"] == "retry"


def test_events_that_came_between_two_connects_do_not_wait(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    harness.publish("anna", 1)
    harness.publish("anna", 2)

    replies = client.ask("/meta/connect")

    assert events_of(replies) == [1, 2]
    assert replies[-1]["channel"] == "/meta/connect"


def test_a_connect_beside_other_messages_is_answered_at_once(harness: ProtocolHarness) -> None:
    client = Client(harness).join()

    _, outcome = client.send(
        client.message("/meta/connect"),
        client.message("/meta/subscribe", subscription="/me/interactions"),
    )

    assert outcome.pending is None
    assert len(outcome.texts) == 2


def test_a_newer_connect_replaces_the_one_that_waits(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    old = client.poll()

    new = client.poll()
    harness.publish("anna", "news")

    assert old.session is None
    assert client.collect(old) == []
    assert events_of(client.collect(new)) == ["news"]


def test_an_event_wakes_only_who_hears_it(harness: ProtocolHarness) -> None:
    anna = Client(harness, "anna").join().poll()
    bert = Client(harness, "bert").join().poll()

    harness.publish("anna", "for anna")

    assert (anna.wakes, bert.wakes) == (1, 0)


@pytest.mark.parametrize("falsy", [0, False, "", None, [], {}])
def test_falsy_payloads_are_events_too(harness: ProtocolHarness, falsy: object) -> None:
    client = Client(harness).join()

    harness.publish("anna", falsy)

    assert events_of(client.ask("/meta/connect")) == [falsy]


def test_an_event_never_carries_a_client_id(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    harness.publish("anna", 1)

    event, _ = client.ask("/meta/connect")

    assert set(event) == {"channel", "data"}


def test_a_second_tab_of_a_browser_is_told_to_poll(harness: ProtocolHarness) -> None:
    Client(harness, browser="thebrowser").join().poll()
    second = Client(harness, browser="thebrowser").join()

    [reply] = second.ask("/meta/connect")

    assert reply["advice"] == {
        "reconnect": "retry",
        "interval": 2000,
        "timeout": 30_000,
        "multiple-clients": True,
    }


def test_a_second_tab_is_refused_where_tabs_may_not_poll() -> None:
    harness = ProtocolHarness.with_settings(multi_session_interval=timedelta(0))
    Client(harness, browser="thebrowser").join().poll()
    second = Client(harness, browser="thebrowser").join()

    [reply] = second.ask("/meta/connect")

    assert (reply["successful"], reply["error"]) == (False, "403:multiple_clients:connect_denied")
    assert reply["advice"] == {"reconnect": "none", "interval": 0, "multiple-clients": True}


def test_with_as_many_polls_as_one_likes_every_tab_waits() -> None:
    harness = ProtocolHarness.with_settings(max_held_per_browser=-1)

    for _ in range(3):
        Client(harness, browser="thebrowser").join().poll()


def test_delay_of_events_until_the_next_connect_is_counted(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    harness.protocol.publish("anna", INTERACTIONS, Event(1, born=harness.now))
    harness.now += 3

    client.ask("/meta/connect")

    assert harness.protocol.counters.delays.total == 3
    assert sum(harness.protocol.counters.delays.buckets) == 1


def test_a_tab_may_wait_again_once_the_other_one_was_answered(harness: ProtocolHarness) -> None:
    first = Client(harness, browser="thebrowser").join()
    second = Client(harness, browser="thebrowser").join()
    peer = first.poll()
    second.ask("/meta/connect")

    harness.now += 30
    first.collect(peer)
    waiting = second.poll()
    harness.publish("anna", 1)

    assert second.collect(waiting)[-1]["advice"]["interval"] == 0


def test_a_socket_gets_events_while_its_connect_goes_on_waiting(harness: ProtocolHarness) -> None:
    client = Client(harness, transport=Transport.WEBSOCKET).join()
    socket = client.poll()

    harness.publish("anna", 1)
    harness.publish("anna", 2)

    assert client.collect(socket) == [
        {"channel": "/v2/me/interactions", "data": 1},
        {"channel": "/v2/me/interactions", "data": 2},
    ]
    harness.now += 30
    assert [reply["channel"] for reply in client.collect(socket)] == ["/meta/connect"]


def test_a_socket_gets_events_before_any_connect(harness: ProtocolHarness) -> None:
    client = Client(harness, transport=Transport.WEBSOCKET)
    client.handshake()
    client.ask("/meta/subscribe", subscription="/v2/me/interactions")

    harness.publish("anna", 1)

    assert events_of(client.collect(client.socket)) == [1]


def test_draining_releases_every_connect_with_a_random_interval(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    peer = client.poll()

    harness.protocol.drain(lambda: 3.25)
    harness.settle()

    assert peer.wakes == 1
    [reply] = client.collect(peer)
    assert reply["advice"] == {"reconnect": "retry", "interval": 3250, "timeout": 30_000}
    assert client.ask("/meta/connect")[0]["successful"]


def test_timestamps_are_added_where_they_are_switched_on() -> None:
    client = Client(ProtocolHarness.with_settings(timestamps=True))
    client.handshake()

    [reply] = client.ask("/meta/connect")

    assert reply["timestamp"] == "Tue, 14 Nov 2023 22:15:00 GMT"
