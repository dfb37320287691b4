"""The owner, the lifetime and the end of a session."""

from datetime import timedelta

import pytest

from shared.bayeux.sessions.effects import LastUnsubscription
from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness, events_of

UNKNOWN = "402::session_unknown"


def test_an_unknown_session_is_told_to_shake_hands_again(harness: ProtocolHarness) -> None:
    client = Client(harness)
    client.client_id = "nobody"

    [reply] = client.ask("/meta/connect")

    assert reply == {
        "channel": "/meta/connect",
        "id": "1",
        "successful": False,
        "error": UNKNOWN,
        "advice": {"reconnect": "handshake", "interval": 0},
    }
    assert harness.protocol.counters.unknown_sessions == 1


@pytest.mark.parametrize("channel", ["/meta/subscribe", "/meta/disconnect", "/chat"])
def test_other_messages_of_an_unknown_session_only_fail(
    harness: ProtocolHarness, channel: str
) -> None:
    [reply] = Client(harness).ask(channel)

    assert reply["error"] == UNKNOWN
    assert "advice" not in reply


@pytest.mark.parametrize(
    ("user", "browser"), [("bert", "thebrowser"), ("anna", "anotherone"), ("bert", "anotherone")]
)
def test_stolen_client_id_without_login_and_cookie_is_useless(
    harness: ProtocolHarness, user: str, browser: str
) -> None:
    victim = Client(harness, "anna", browser="thebrowser").join()
    thief = Client(harness, user, browser=browser)
    thief.client_id = victim.client_id

    [reply] = thief.ask("/meta/connect")

    assert reply["error"] == UNKNOWN


def test_every_message_of_a_batch_is_checked(harness: ProtocolHarness) -> None:
    victim = Client(harness, "anna").join()
    thief = Client(harness, "bert").join()
    stolen = {"clientId": victim.client_id}

    _, outcome = thief.send(
        thief.message("/meta/subscribe", subscription="/me/workbins"),
        thief.message("/meta/disconnect", **stolen),
    )

    assert b"true" in outcome.texts[0]
    assert UNKNOWN.encode() in outcome.texts[1]
    assert victim.ask("/meta/unsubscribe", subscription="/v2/me/interactions")[0]["successful"]


def test_a_socket_speaks_for_one_session_only(harness: ProtocolHarness) -> None:
    other = Client(harness).join()
    client = Client(harness, transport=Transport.WEBSOCKET).join()
    client.client_id = other.client_id

    [reply] = client.ask("/meta/subscribe", subscription="/me/workbins")

    assert reply["error"] == UNKNOWN


def test_a_session_goes_on_at_another_socket_of_the_same_user(harness: ProtocolHarness) -> None:
    client = Client(harness, transport=Transport.WEBSOCKET).join()
    old = client.poll()
    harness.protocol.detach(old, harness.now)
    harness.publish("anna", "missed")

    client.socket = client._peer()
    replies = client.ask("/meta/connect", advice={"timeout": 0})

    assert events_of(replies) == ["missed"]


def test_a_session_does_not_go_on_at_the_socket_of_another_user(harness: ProtocolHarness) -> None:
    client = Client(harness, "anna", transport=Transport.WEBSOCKET).join()
    thief = Client(harness, "bert", transport=Transport.WEBSOCKET)
    thief.client_id = client.client_id

    assert thief.ask("/meta/connect")[0]["error"] == UNKNOWN


def test_a_session_may_fall_back_from_its_socket_to_http(harness: ProtocolHarness) -> None:
    client = Client(harness, transport=Transport.WEBSOCKET).join()
    socket = client.poll()

    client.transport = Transport.LONG_POLLING
    request = client.poll()
    harness.publish("anna", 1)

    assert client.collect(socket) == []
    assert events_of(client.collect(request)) == [1]


def test_a_session_without_a_connect_expires(harness: ProtocolHarness) -> None:
    client = Client(harness)
    client.handshake()

    harness.now += 9.9
    harness.sweep()
    assert len(list(harness.protocol.sessions())) == 1
    harness.now += 0.1
    harness.sweep()

    assert list(harness.protocol.sessions()) == []
    assert harness.protocol.counters.expired == 1


# The clock of expiry has ten seconds, and as many more as an interval may have at most.
@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        (0, 10),
        (6_000, 16),
        (2_500.5, 12.5005),
        (600_000, 20),
        (-6_000, 10),
        ("6000", 13),
        (True, 13),
        (None, 13),
        (1e300, 13),
    ],
)
def test_interval_of_a_client_extends_its_session(interval: object, seconds: float) -> None:
    harness = ProtocolHarness.with_settings(interval=timedelta(seconds=3))
    client = Client(harness).join()

    client.ask("/meta/connect", advice={"timeout": 0, "interval": interval})

    assert lives_for(harness, seconds)


def test_a_client_that_does_not_say_comes_back_after_our_interval() -> None:
    harness = ProtocolHarness.with_settings(interval=timedelta(seconds=3))
    Client(harness).join()

    assert lives_for(harness, 13)


def test_interval_of_a_client_starts_with_the_connect_reply(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    peer = client.poll(advice={"interval": 6_000})

    harness.now += 30
    client.collect(peer)

    assert lives_for(harness, 16)


def test_the_interval_of_a_client_is_for_one_connect_only(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    client.ask("/meta/connect", advice={"timeout": 0, "interval": 6_000})

    peer = client.poll()
    harness.now += 30
    client.collect(peer)

    assert lives_for(harness, 10)


def lives_for(harness: ProtocolHarness, seconds: float) -> bool:
    """Move the clock, and say whether the only session expires then and no earlier."""
    harness.now += seconds - 0.01
    harness.sweep()
    before = len(list(harness.protocol.sessions()))
    harness.now += 0.02
    harness.sweep()
    return (before, len(list(harness.protocol.sessions()))) == (1, 0)


def test_a_session_never_expires_while_its_connect_waits(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    client.poll()

    harness.now += 29
    harness.sweep()

    assert len(list(harness.protocol.sessions())) == 1


@pytest.mark.parametrize("transport", list(Transport))
def test_a_session_whose_client_is_lost_expires(
    harness: ProtocolHarness, transport: Transport
) -> None:
    client = Client(harness, transport=transport).join()
    peer = client.poll()

    harness.protocol.detach(peer, harness.now)
    harness.now += 10
    harness.sweep()

    assert list(harness.protocol.sessions()) == []
    assert harness.seen(LastUnsubscription) == [LastUnsubscription("anna")]


def test_any_message_keeps_a_session(harness: ProtocolHarness) -> None:
    client = Client(harness)
    client.handshake()

    harness.now += 9
    client.ask("/meta/subscribe", subscription="/me/workbins")
    harness.now += 9
    harness.sweep()

    assert len(list(harness.protocol.sessions())) == 1


def test_a_disconnect_ends_the_session_and_releases_its_connect(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    waiting = client.poll()

    [reply] = client.ask("/meta/disconnect")

    assert reply["successful"] is True
    [released] = client.collect(waiting)
    assert released["advice"]["reconnect"] == "none"
    assert client.ask("/meta/connect")[0]["error"] == UNKNOWN


def test_a_revoked_login_ends_a_waiting_session_for_good(harness: ProtocolHarness) -> None:
    client = Client(harness).join()
    waiting = client.poll()

    harness.protocol.revoke("anna")
    harness.settle()

    [reply] = client.collect(waiting)
    assert reply["successful"] is False
    assert reply["error"] == "401::login_revoked"
    assert reply["advice"]["reconnect"] == "none"
    assert list(harness.protocol.sessions()) == []


def test_a_revoked_login_does_not_touch_others(harness: ProtocolHarness) -> None:
    Client(harness, "bert").join()

    harness.protocol.revoke("anna")
    harness.settle()

    assert len(list(harness.protocol.sessions())) == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"channel": None}, "400::channel_missing"),
        ({"channel": "nothing"}, "405::channel_invalid"),
        ({"channel": 5}, "405::channel_invalid"),
        ({"channel": "/chat", "id": "<script>"}, "405::message_id_invalid"),
        ({"channel": "/chat", "id": ["1"]}, "405::message_id_invalid"),
    ],
)
def test_a_message_that_is_none_is_refused(
    harness: ProtocolHarness, fields: dict[str, object], error: str
) -> None:
    client = Client(harness).join()

    [reply] = client.ask(None, **fields)

    assert reply["error"] == error
    assert "<" not in str(reply)


def test_a_numeric_id_comes_back_as_a_number(harness: ProtocolHarness) -> None:
    assert Client(harness).ask("/meta/connect", id=7)[0]["id"] == 7


@pytest.mark.parametrize("limit", [{"max_queued_events": 3}, {"max_queued_bytes": 150}])
def test_a_client_that_fell_too_far_behind_starts_anew(limit: dict[str, int]) -> None:
    harness = ProtocolHarness.with_settings(**limit)
    client = Client(harness).join()

    for number in range(5):
        harness.publish("anna", number)

    [reply] = client.ask("/meta/connect")
    assert reply["error"] == UNKNOWN
    assert reply["advice"]["reconnect"] == "handshake"
    assert harness.protocol.counters.overflows == 1


def test_overflowed_session_hears_nothing_newer_than_its_loss() -> None:
    harness = ProtocolHarness.with_settings(max_queued_events=4)
    client = Client(harness, transport=Transport.WEBSOCKET)
    client.join("/v2/me/interactions", "/me/interactions")
    socket = client.poll()

    for number in range(3):
        harness.publish("anna", number)

    [reply] = client.collect(socket)
    assert reply["error"] == "402::queue_overflow"


def test_an_event_larger_than_all_the_room_gets_through_alone() -> None:
    client = Client(ProtocolHarness.with_settings(max_queued_bytes=10)).join()

    client.harness.publish("anna", "x" * 100)

    assert events_of(client.ask("/meta/connect")) == ["x" * 100]


def test_a_socket_that_is_not_read_is_told_to_start_anew() -> None:
    harness = ProtocolHarness.with_settings(max_queued_events=3)
    client = Client(harness, transport=Transport.WEBSOCKET).join()
    socket = client.poll()

    for number in range(5):
        harness.publish("anna", number)

    [reply] = client.collect(socket)
    assert reply["error"] == "402::queue_overflow"
    assert reply["advice"]["reconnect"] == "handshake"
