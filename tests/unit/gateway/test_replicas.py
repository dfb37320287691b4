"""What of a request goes on to another pod."""

from services.gateway.replicas import _handed_on


def test_what_a_request_says_of_its_own_connection_stays_there() -> None:
    scope = {
        "client": ("192.0.2.7", 49152),
        "headers": [
            (b"connection", b"Upgrade, X-Own"),
            (b"upgrade", b"websocket"),
            (b"sec-websocket-key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
            (b"sec-websocket-version", b"13"),
            (b"x-own", b"1"),
            (b"authorization", b"Bearer x"),
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
        ],
    }

    assert _handed_on(scope) == [
        (b"authorization", b"Bearer x"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-mailroom-handed-on", b"1"),
        (b"x-forwarded-for", b"192.0.2.7"),
    ]
