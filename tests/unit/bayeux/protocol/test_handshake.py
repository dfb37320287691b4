"""Handshakes that open a session, and those that are refused."""

import re

import pytest

from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.world import Client, World


def test_a_handshake_names_the_session_and_says_how_to_connect(world: World) -> None:
    reply = Client(world).handshake()

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


def test_no_two_sessions_share_an_id(world: World) -> None:
    ids = {Client(world).handshake()["clientId"] for _ in range(50)}

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
    world: World, fields: dict[str, object], error: str
) -> None:
    reply = Client(world).handshake(**fields)

    assert reply["successful"] is False
    assert reply["error"] == error
    assert reply["advice"]["reconnect"] == "none"
    assert list(world.protocol.sessions()) == []


def test_the_rest_of_a_request_with_a_handshake_is_ignored(world: World) -> None:
    client = Client(world)
    greeting = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}

    _, outcome = client.send(
        client.message("/meta/subscribe", subscription="/v2/me/interactions"),
        client.message("/meta/handshake", **greeting),
    )

    assert len(outcome.texts) == 1
    assert len(list(world.protocol.sessions())) == 1


def test_user_with_too_many_sessions_loses_the_longest_idle() -> None:
    world = World.with_settings(max_sessions_per_user=2)
    oldest, newer = Client(world), Client(world)
    oldest.join()
    world.now += 1
    newer.join()

    Client(world).join()

    assert oldest.ask("/meta/connect")[0]["error"] == "402::session_unknown"
    assert newer.ask("/meta/unsubscribe", subscription="/v2/me/interactions")[0]["successful"]


def test_a_user_whose_sessions_are_all_in_use_gets_no_more() -> None:
    world = World.with_settings(max_sessions_per_user=1)
    Client(world).join().poll()

    reply = Client(world).handshake()

    assert reply["error"] == "403:too_many_sessions:handshake_denied"
    assert reply["advice"]["reconnect"] == "none"


def test_second_handshake_on_a_socket_lets_the_first_session_expire(world: World) -> None:
    client = Client(world, transport=Transport.WEBSOCKET).join()
    client.poll()
    first = client.client_id

    client.handshake()
    world.now += 10
    world.sweep()

    assert first not in {session.id for session in world.protocol.sessions()}
