"""Limits of half-open sessions: those without a message since their handshake."""

import pytest

from shared.bayeux.protocol.half_open_sessions import slowdown
from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness

LIVE = {"channel": "/meta/connect", "successful": True}


def live(client: Client) -> bool:
    """Poll once more, and say whether the session is still there."""
    return bool(client.ask("/meta/connect", advice={"timeout": 0})[0]["successful"])


def forgetful(harness: ProtocolHarness, handshakes: int, seconds: float = 0.006) -> None:
    """Have a client shake hands again and again that returns no cookie."""
    for number in range(handshakes):
        client = Client(harness, browser=f"other{number:08}")
        client.handshake()
        client.browser = f"elsewhere{number:08}"
        assert not live(client)
        harness.now += seconds
        harness.sweep()


def test_1700_forgetful_handshakes_end_no_polling_session(harness: ProtocolHarness) -> None:
    desktops = [Client(harness).join() for _ in range(3)]
    for _ in range(10):
        forgetful(harness, 170)

        assert [live(desktop) for desktop in desktops] == [True] * 3

    assert len(list(harness.protocol.sessions())) <= 3 + harness.settings.max_unheard_per_user


def test_1700_forgetful_handshakes_cost_a_full_user_no_session() -> None:
    harness = ProtocolHarness.with_settings(max_sessions_per_user=3)
    desktops = [Client(harness).join() for _ in range(3)]

    forgetful(harness, 1700, seconds=0)

    assert [live(desktop) for desktop in desktops] == [True] * 3


def test_silent_sessions_go_oldest_first() -> None:
    harness = ProtocolHarness.with_settings(max_unheard_per_user=2)
    first, second, third = (Client(harness) for _ in range(3))
    for client in (first, second, third):
        client.handshake()

    assert [live(client) for client in (first, second, third)] == [False, True, True]


def test_session_with_a_socket_goes_after_those_without() -> None:
    harness = ProtocolHarness.with_settings(max_unheard_per_user=2)
    socket = Client(harness, transport=Transport.WEBSOCKET)
    first, second = Client(harness), Client(harness)
    for client in (socket, first, second):
        client.handshake()

    assert [live(client) for client in (socket, first, second)] == [True, False, True]


def test_confirmed_session_beyond_limit_replaces_longest_idle() -> None:
    harness = ProtocolHarness.with_settings(max_sessions_per_user=2)
    quiet, lively = Client(harness).join(), Client(harness).join()
    harness.now += 1
    lively.poll()
    new = Client(harness)
    new.handshake()
    assert len(harness.protocol.sessions_of("anna")) == 3

    [subscribed] = new.ask("/meta/subscribe", subscription="/v2/me/interactions")

    assert subscribed["successful"]
    assert len(harness.protocol.sessions_of("anna")) == 2
    assert not live(quiet)


@pytest.mark.parametrize("channel", ["/meta/connect", "/meta/subscribe", "/service/x"])
def test_session_beyond_busy_ones_is_told_to_stop(channel: str) -> None:
    harness = ProtocolHarness.with_settings(max_sessions_per_user=1)
    old = Client(harness).join()
    new = Client(harness)
    new.handshake()
    old.poll()

    [reply] = new.ask(channel, subscription="/v2/me/interactions")

    assert reply["error"] == "403:too_many_sessions:handshake_denied"
    assert reply["advice"]["reconnect"] == "none"
    assert len(harness.protocol.sessions_of("anna")) == 1


def test_silent_session_lives_for_twenty_seconds() -> None:
    harness = ProtocolHarness.with_settings(max_interval=ProtocolHarness().settings.timeout)
    Client(harness).handshake()

    harness.now += 19.9
    harness.sweep()
    assert len(list(harness.protocol.sessions())) == 1
    harness.now += 0.1
    harness.sweep()

    assert list(harness.protocol.sessions()) == []


def test_a_full_server_gives_up_who_was_not_heard_of() -> None:
    harness = ProtocolHarness.with_settings(max_sessions=2)
    Client(harness, "anna").handshake()
    heard = Client(harness, "bert").join()

    assert Client(harness, "carl").handshake()["successful"]

    assert harness.protocol.sessions_of("anna") == []
    assert live(heard)


def test_a_full_server_says_when_to_come_again() -> None:
    harness = ProtocolHarness.with_settings(max_sessions=1)
    heard = Client(harness, "anna").join()

    reply = Client(harness, "bert").handshake()

    assert reply["error"] == "503::server_full"
    assert reply["advice"] == {"reconnect": "handshake", "interval": 30_000}
    assert live(heard)


def test_repeated_handshakes_are_slowed_down_more_and_more(harness: ProtocolHarness) -> None:
    intervals = [Client(harness).handshake()["advice"]["interval"] for _ in range(16)]

    assert intervals[:8] == [0] * 8
    assert intervals[8:] == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]


def test_client_told_to_shake_hands_again_is_slowed_down(harness: ProtocolHarness) -> None:
    for _ in range(10):
        Client(harness).handshake()
    stranger = Client(harness)
    stranger.client_id = "nobody"

    [reply] = stranger.ask("/meta/connect")

    assert reply["advice"] == {"reconnect": "handshake", "interval": 4000}


def test_slowed_client_goes_on_at_full_speed(harness: ProtocolHarness) -> None:
    for _ in range(10):
        Client(harness).handshake()
    client = Client(harness)
    assert client.handshake()["advice"]["interval"] == 4000
    harness.now += 4 + 9.9
    harness.sweep()

    [reply] = client.ask("/meta/connect")

    assert reply["successful"]
    assert reply["advice"]["interval"] == 0


def test_clients_of_other_users_are_not_slowed_down(harness: ProtocolHarness) -> None:
    for _ in range(16):
        Client(harness, "anna").handshake()

    assert Client(harness, "bert").handshake()["advice"]["interval"] == 0


def test_desktops_that_connect_are_never_slowed_down(harness: ProtocolHarness) -> None:
    intervals = []
    for _ in range(40):
        client = Client(harness)
        intervals.append(client.handshake()["advice"]["interval"])
        assert live(client)

    assert intervals == [0] * 40


@pytest.mark.parametrize("newcomers", [0, 7, 10**6])
def test_no_number_of_handshakes_slows_down_for_ever(newcomers: int) -> None:
    assert 0 <= slowdown(newcomers) <= 30
