"""The owner, the lifetime and the end of a session."""

from datetime import timedelta

import pytest

from shared.bayeux.sessions.effects import LastUnsubscription
from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.world import Client, World, events_of

UNKNOWN = "402::session_unknown"


def test_an_unknown_session_is_told_to_shake_hands_again(world: World) -> None:
    client = Client(world)
    client.client_id = "nobody"

    [reply] = client.ask("/meta/connect")

    assert reply == {
        "channel": "/meta/connect",
        "id": "1",
        "successful": False,
        "error": UNKNOWN,
        "advice": {"reconnect": "handshake", "interval": 0},
    }
    assert world.protocol.counters.unknown_sessions == 1


@pytest.mark.parametrize("channel", ["/meta/subscribe", "/meta/disconnect", "/chat"])
def test_other_messages_of_an_unknown_session_only_fail(world: World, channel: str) -> None:
    [reply] = Client(world).ask(channel)

    assert reply["error"] == UNKNOWN
    assert "advice" not in reply


@pytest.mark.parametrize(
    ("user", "browser"), [("bert", "thebrowser"), ("anna", "anotherone"), ("bert", "anotherone")]
)
def test_stolen_client_id_without_login_and_cookie_is_useless(
    world: World, user: str, browser: str
) -> None:
    victim = Client(world, "anna", browser="thebrowser").join()
    thief = Client(world, user, browser=browser)
    thief.client_id = victim.client_id

    [reply] = thief.ask("/meta/connect")

    assert reply["error"] == UNKNOWN


def test_every_message_of_a_batch_is_checked(world: World) -> None:
    victim = Client(world, "anna").join()
    thief = Client(world, "bert").join()
    stolen = {"clientId": victim.client_id}

    _, outcome = thief.send(
        thief.message("/meta/subscribe", subscription="/me/workbins"),
        thief.message("/meta/disconnect", **stolen),
    )

    assert b"true" in outcome.texts[0]
    assert UNKNOWN.encode() in outcome.texts[1]
    assert victim.ask("/meta/unsubscribe", subscription="/v2/me/interactions")[0]["successful"]


def test_a_socket_speaks_for_one_session_only(world: World) -> None:
    other = Client(world).join()
    client = Client(world, transport=Transport.WEBSOCKET).join()
    client.client_id = other.client_id

    [reply] = client.ask("/meta/subscribe", subscription="/me/workbins")

    assert reply["error"] == UNKNOWN


def test_a_session_goes_on_at_another_socket_of_the_same_user(world: World) -> None:
    client = Client(world, transport=Transport.WEBSOCKET).join()
    old = client.poll()
    world.protocol.detach(old, world.now)
    world.publish("anna", "missed")

    client.socket = client._peer()
    replies = client.ask("/meta/connect", advice={"timeout": 0})

    assert events_of(replies) == ["missed"]


def test_a_session_does_not_go_on_at_the_socket_of_another_user(world: World) -> None:
    client = Client(world, "anna", transport=Transport.WEBSOCKET).join()
    thief = Client(world, "bert", transport=Transport.WEBSOCKET)
    thief.client_id = client.client_id

    assert thief.ask("/meta/connect")[0]["error"] == UNKNOWN


def test_a_session_may_fall_back_from_its_socket_to_http(world: World) -> None:
    client = Client(world, transport=Transport.WEBSOCKET).join()
    socket = client.poll()

    client.transport = Transport.LONG_POLLING
    request = client.poll()
    world.publish("anna", 1)

    assert client.collect(socket) == []
    assert events_of(client.collect(request)) == [1]


def test_a_session_without_a_connect_expires(world: World) -> None:
    client = Client(world)
    client.handshake()

    world.now += 9.9
    world.sweep()
    assert len(list(world.protocol.sessions())) == 1
    world.now += 0.1
    world.sweep()

    assert list(world.protocol.sessions()) == []
    assert world.protocol.counters.expired == 1


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
    world = World.with_settings(interval=timedelta(seconds=3))
    client = Client(world).join()

    client.ask("/meta/connect", advice={"timeout": 0, "interval": interval})

    assert lives_for(world, seconds)


def test_a_client_that_does_not_say_comes_back_after_our_interval() -> None:
    world = World.with_settings(interval=timedelta(seconds=3))
    Client(world).join()

    assert lives_for(world, 13)


def test_interval_of_a_client_starts_with_the_connect_reply(world: World) -> None:
    client = Client(world).join()
    peer = client.poll(advice={"interval": 6_000})

    world.now += 30
    client.collect(peer)

    assert lives_for(world, 16)


def test_the_interval_of_a_client_is_for_one_connect_only(world: World) -> None:
    client = Client(world).join()
    client.ask("/meta/connect", advice={"timeout": 0, "interval": 6_000})

    peer = client.poll()
    world.now += 30
    client.collect(peer)

    assert lives_for(world, 10)


def lives_for(world: World, seconds: float) -> bool:
    """Move the clock, and say whether the only session expires then and no earlier."""
    world.now += seconds - 0.01
    world.sweep()
    before = len(list(world.protocol.sessions()))
    world.now += 0.02
    world.sweep()
    return (before, len(list(world.protocol.sessions()))) == (1, 0)


def test_a_session_never_expires_while_its_connect_waits(world: World) -> None:
    client = Client(world).join()
    client.poll()

    world.now += 29
    world.sweep()

    assert len(list(world.protocol.sessions())) == 1


@pytest.mark.parametrize("transport", list(Transport))
def test_a_session_whose_client_is_lost_expires(world: World, transport: Transport) -> None:
    client = Client(world, transport=transport).join()
    peer = client.poll()

    world.protocol.detach(peer, world.now)
    world.now += 10
    world.sweep()

    assert list(world.protocol.sessions()) == []
    assert world.seen(LastUnsubscription) == [LastUnsubscription("anna")]


def test_any_message_keeps_a_session(world: World) -> None:
    client = Client(world)
    client.handshake()

    world.now += 9
    client.ask("/meta/subscribe", subscription="/me/workbins")
    world.now += 9
    world.sweep()

    assert len(list(world.protocol.sessions())) == 1


def test_a_disconnect_ends_the_session_and_releases_its_connect(world: World) -> None:
    client = Client(world).join()
    waiting = client.poll()

    [reply] = client.ask("/meta/disconnect")

    assert reply["successful"] is True
    [released] = client.collect(waiting)
    assert released["advice"]["reconnect"] == "none"
    assert client.ask("/meta/connect")[0]["error"] == UNKNOWN


def test_a_revoked_login_ends_a_waiting_session_for_good(world: World) -> None:
    client = Client(world).join()
    waiting = client.poll()

    world.protocol.revoke("anna")
    world.settle()

    [reply] = client.collect(waiting)
    assert reply["successful"] is False
    assert reply["error"] == "401::login_revoked"
    assert reply["advice"]["reconnect"] == "none"
    assert list(world.protocol.sessions()) == []


def test_a_revoked_login_does_not_touch_others(world: World) -> None:
    Client(world, "bert").join()

    world.protocol.revoke("anna")
    world.settle()

    assert len(list(world.protocol.sessions())) == 1


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
    world: World, fields: dict[str, object], error: str
) -> None:
    client = Client(world).join()

    [reply] = client.ask(None, **fields)

    assert reply["error"] == error
    assert "<" not in str(reply)


def test_a_numeric_id_comes_back_as_a_number(world: World) -> None:
    assert Client(world).ask("/meta/connect", id=7)[0]["id"] == 7


@pytest.mark.parametrize("limit", [{"max_queued_events": 3}, {"max_queued_bytes": 150}])
def test_a_client_that_fell_too_far_behind_starts_anew(limit: dict[str, int]) -> None:
    world = World.with_settings(**limit)
    client = Client(world).join()

    for number in range(5):
        world.publish("anna", number)

    [reply] = client.ask("/meta/connect")
    assert reply["error"] == UNKNOWN
    assert reply["advice"]["reconnect"] == "handshake"
    assert world.protocol.counters.overflows == 1


def test_who_fell_behind_hears_nothing_newer_than_what_was_lost() -> None:
    world = World.with_settings(max_queued_events=4)
    client = Client(world, transport=Transport.WEBSOCKET)
    client.join("/v2/me/interactions", "/me/interactions")
    socket = client.poll()

    for number in range(3):
        world.publish("anna", number)

    [reply] = client.collect(socket)
    assert reply["error"] == "402::queue_overflow"


def test_an_event_larger_than_all_the_room_gets_through_alone() -> None:
    client = Client(World.with_settings(max_queued_bytes=10)).join()

    client.world.publish("anna", "x" * 100)

    assert events_of(client.ask("/meta/connect")) == ["x" * 100]


def test_a_socket_that_is_not_read_is_told_to_start_anew() -> None:
    world = World.with_settings(max_queued_events=3)
    client = Client(world, transport=Transport.WEBSOCKET).join()
    socket = client.poll()

    for number in range(5):
        world.publish("anna", number)

    [reply] = client.collect(socket)
    assert reply["error"] == "402::queue_overflow"
    assert reply["advice"]["reconnect"] == "handshake"
