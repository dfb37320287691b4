"""Handshakes that open a session, and those that are refused."""

import re

import pytest

from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness


def test_a_handshake_names_the_session_and_says_how_to_connect(harness: ProtocolHarness) -> None:
    reply = Client(harness).handshake()

    client_id = reply.pop("clientId")
    assert re.fullmatch("[0-9a-f]{40}", client_id)
    assert reply == {
        "channel": "/meta/handshake",
        "id": "1",
        "successful": True,
        "advice": {"reconnect": "retry", "interval": 0, "timeout": 30_000},
        "version": "1.0",
        "supportedConnectionTypes": ["websocket", "long-polling"],
    }


def test_no_two_sessions_share_an_id(harness: ProtocolHarness) -> None:
    ids = {Client(harness).handshake()["clientId"] for _ in range(50)}

    assert len(ids) == 50


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"version": None}, "400::version_missing"),
        ({"supportedConnectionTypes": None}, "400::connection_types_missing"),
        ({"supportedConnectionTypes": []}, "400::connection_types_missing"),
        ({"supportedConnectionTypes": ["iframe"]}, "301::connection_types_unsupported"),
    ],
)
def test_a_handshake_that_cannot_work_fails_for_good(
    harness: ProtocolHarness, fields: dict[str, object], error: str
) -> None:
    reply = Client(harness).handshake(**fields)

    assert reply["successful"] is False
    assert reply["error"] == error
    assert reply["advice"]["reconnect"] == "none"
    assert list(harness.protocol.sessions()) == []


def test_the_rest_of_a_request_with_a_handshake_is_ignored(harness: ProtocolHarness) -> None:
    client = Client(harness)
    greeting = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}

    _, outcome = client.send(
        client.message("/meta/subscribe", subscription="/v2/me/interactions"),
        client.message("/meta/handshake", **greeting),
    )

    assert len(outcome.texts) == 1
    assert len(list(harness.protocol.sessions())) == 1


def test_user_with_too_many_sessions_loses_the_longest_idle() -> None:
    harness = ProtocolHarness.with_settings(max_sessions_per_user=2)
    oldest, newer = Client(harness), Client(harness)
    oldest.join()
    harness.now += 1
    newer.join()

    Client(harness).join()

    assert oldest.ask("/meta/connect")[0]["error"] == "402::session_unknown"
    assert newer.ask("/meta/unsubscribe", subscription="/v2/me/interactions")[0]["successful"]


def test_a_user_whose_sessions_are_all_in_use_gets_no_more() -> None:
    harness = ProtocolHarness.with_settings(max_sessions_per_user=1)
    Client(harness).join().poll()

    reply = Client(harness).handshake()

    assert reply["error"] == "403:too_many_sessions:handshake_denied"
    assert reply["advice"]["reconnect"] == "none"


def test_second_handshake_on_a_socket_lets_the_first_session_expire(
    harness: ProtocolHarness,
) -> None:
    client = Client(harness, transport=Transport.WEBSOCKET).join()
    client.poll()
    first = client.client_id

    client.handshake()
    harness.now += 10
    harness.sweep()

    assert first not in {session.id for session in harness.protocol.sessions()}
