"""Peers behind proxies that name them, on the loop of production and on asyncio's."""

import struct
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import ip_address

import pytest

from tests.doubles.listener import Client, Run

PROXIED = {"proxy_protocol": "v1v2", "proxies": "127.0.0.1"}
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def v1(peer: str) -> bytes:
    version = ip_address(peer).version
    ours = "192.0.2.1" if version == 4 else "2001:db8::ffff"
    return f"PROXY TCP{4 if version == 4 else 6} {peer} {ours} 40000 25\r\n".encode()


def v2(peer: str, *, command: int = 0x21, rest: bytes = b"") -> bytes:
    address = ip_address(peer)
    kind = 0x11 if address.version == 4 else 0x21
    ends = address.packed + address.packed + struct.pack("!HH", 40000, 25) + rest
    return SIGNATURE + bytes([command, kind]) + struct.pack("!H", len(ends)) + ends


def hand_in(client: Client) -> int:
    client.greet().address()
    assert client.ask("DATA") == 354
    client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
    return client.code()


@pytest.mark.parametrize("peer", ["203.0.113.7", "2001:db8::7"])
@pytest.mark.parametrize("header", [v1, v2])
def test_mail_says_the_real_peer(run: Run, header: object, peer: str) -> None:
    running = run(**PROXIED)
    assert callable(header)

    with running.connect() as client:
        client.send(header(peer))
        assert hand_in(client) == 250

    (kept,) = running.kept
    assert kept.peer == peer
    assert f"{peer}])".encode() in kept.raw


def test_header_in_pieces_is_put_together(run: Run) -> None:
    running = run(**PROXIED)

    with running.connect() as client:
        for octet in v2("203.0.113.7", rest=b"\x04\x00\x02ab"):
            client.send(bytes([octet]))
        assert hand_in(client) == 250

    assert running.kept[0].peer == "203.0.113.7"


def test_limits_count_the_real_peer(run: Run) -> None:
    running = run(**PROXIED, sessions_per_peer=2)

    with ExitStack() as stack:

        def connected(peer: str) -> Client:
            client = stack.enter_context(running.connect())
            client.send(v1(peer))
            return client

        assert [connected("203.0.113.7").code() for _ in range(3)] == [220, 220, 421]
        assert connected("203.0.113.8").code() == 220


def test_session_that_was_refused_by_its_real_peer_is_closed(run: Run) -> None:
    running = run(**PROXIED, sessions_per_peer=1)

    with running.connect() as first, running.connect() as second:
        first.send(v1("203.0.113.7"))
        first.greet()
        second.send(v1("203.0.113.7"))
        assert second.answer().startswith(b"421 4.7.0 ")
        assert second.is_hung_up_on()
        assert first.ask("NOOP") == 250


def test_strangers_are_believed_no_header(run: Run) -> None:
    running = run(**PROXIED)

    with running.connect("127.0.0.2") as client:
        assert client.code() == 220
        assert client.ask(v1("203.0.113.7").decode().strip()) == 500
        client.greet_again().address()
        assert client.ask("DATA") == 354
        client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert client.code() == 250

    assert running.kept[0].peer == "127.0.0.2"


@pytest.mark.parametrize(
    "header",
    [v2("203.0.113.7", command=0x20), b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ff ff 1 1\r\n"],
    ids=["local", "unknown", "unknown with words"],
)
def test_look_of_the_proxy_itself_is_greeted(run: Run, header: bytes) -> None:
    running = run(**PROXIED)

    with running.connect() as client:
        client.send(header)
        assert hand_in(client) == 250

    assert running.kept[0].peer == "127.0.0.1"


GARBAGE: Sequence[bytes] = [
    b"EHLO client.example\r\n",
    b"PROXY\r\n",
    b"PROXY TCP4 203.0.113.7\r\n",
    b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 25\n",
    b"PROXY TCP4 2001:db8::7 192.0.2.1 40000 25\r\n",
    b"PROXY TCP4 203.0.113.7 192.0.2.1 99999 25\r\n",
    b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 25 more\r\n",
    b"PROXY UDP4 203.0.113.7 192.0.2.1 40000 25\r\n",
    b"PROXY " + b"x" * 70_000,
    b"\r\n" * 40,
    SIGNATURE + b"\x31\x11\x00\x0c" + b"\0" * 12,
    SIGNATURE + b"\x2f\x11\x00\x0c" + b"\0" * 12,
    SIGNATURE + b"\x21\x11\x00\x04" + b"\0" * 4,
    SIGNATURE + b"\x21\x12\x00\x0c" + b"\0" * 12,
    SIGNATURE + b"\x21\x31\x00\xd8" + b"\0" * 216,
    SIGNATURE + b"\x21\xff\x00\x00",
]


@pytest.mark.parametrize("said", GARBAGE)
def test_garbage_in_place_of_a_header_ends_the_connection(run: Run, said: bytes) -> None:
    running = run(**PROXIED)
    before = running.sessions()

    with running.connect() as client:
        client.send_ignoring_errors(said)
        client.end()
        assert client.is_hung_up_on()

    with running.connect("127.0.0.2") as other:
        assert other.code() == 220
        assert running.sessions() == before + 1


def test_slow_header_ends_the_connection(run: Run) -> None:
    with run(**PROXIED, handshake=0.3).connect() as client:
        client.send(b"PROXY TCP4 203.")
        assert client.is_hung_up_on()


def test_peer_that_begins_too_many_mails_comes_again_later(run: Run) -> None:
    running = run(mails_per_peer=3)

    with running.connect("127.0.0.2") as client, running.connect("127.0.0.3") as other:
        client.greet()
        for _ in range(3):
            client.address()
            assert client.ask("RSET") == 250
        client.send(b"MAIL FROM:<ann@example.org>\r\n")
        assert client.answer().startswith(b"452 4.3.2 ")
        assert client.ask("DATA") == 503
        other.greet().address()


def test_relay_may_begin_any_number_of_mails(run: Run) -> None:
    with run(mails_per_peer=1, relays="127.0.0.0/8").connect() as client:
        client.greet()
        for _ in range(5):
            client.address()
            assert client.ask("RSET") == 250


def test_mails_of_the_real_peer_are_counted(run: Run) -> None:
    running = run(**PROXIED, mails_per_peer=1)

    with running.connect() as client, running.connect() as other:
        client.send(v1("203.0.113.7"))
        client.greet().address()
        assert client.ask("RSET") == 250
        assert client.ask("MAIL FROM:<ann@example.org>") == 452
        other.send(v1("203.0.113.8"))
        other.greet().address()
