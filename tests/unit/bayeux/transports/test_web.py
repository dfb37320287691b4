"""Cookies, pages and bodies."""

from typing import Any

import pytest

from services.gateway.http.asgi import TooLargeError, read_body
from shared.bayeux.cookies import CookiePolicy
from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.origins import is_allowed_origin, is_known_host
from shared.bayeux.transports.web import browser_cookie, browser_of


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("BAYEUX_BROWSER=0123456789abcdef", "0123456789abcdef"),
        ('odd={"a": 1}; BAYEUX_BROWSER=0123456789abcdef; other', "0123456789abcdef"),
        ("NOT_BAYEUX_BROWSER=0123456789abcdef", None),
        ("BAYEUX_BROWSER=short", None),
        ("BAYEUX_BROWSER=0123456789<script>", None),
        ("", None),
    ],
)
def test_a_browser_is_known_again_by_its_cookie(cookie: str, expected: str | None) -> None:
    assert browser_of({"headers": [(b"cookie", cookie.encode())]}) == expected


def test_the_cookie_says_what_it_may_be_used_for() -> None:
    name, value = browser_cookie("abc", CookiePolicy())

    assert (name, value) == (
        b"set-cookie",
        b"BAYEUX_BROWSER=abc; Path=/; HttpOnly; SameSite=Lax",
    )


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, True),
        ("https://desk.example", True),
        ("https://mail.example", True),
        ("https://mail.example:443", True),
        ("https://mail.example:8443", False),
        ("http://mail.example", False),
        ("http://mail.example:443", False),
        ("https://desk.example.evil.example", False),
        ("null", False),
        ("", False),
        ("evil://mail.example", False),
        ("chrome-extension://mail.example", False),
        ("https://mail.example/", False),
        ("https://evil.example@mail.example", False),
        ("https://mail.example:99999999", False),
    ],
)
@pytest.mark.parametrize("public_origin", ["", "https://mail.example"])
@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_pages_of_other_origins_than_allowed_are_refused(
    origin: str | None, expected: bool, public_origin: str, scheme: str
) -> None:
    settings = BayeuxSettings(
        allowed_origins=frozenset({"https://desk.example"}), public_origin=public_origin
    )
    named = [] if origin is None else [(b"origin", origin.encode())]
    scope = {"scheme": scheme, "headers": [*named, (b"host", b"mail.example")]}

    assert is_allowed_origin(scope, settings) is expected


def test_a_host_with_an_empty_port_has_pages_of_its_own() -> None:
    headers = [(b"origin", b"http://mail.example"), (b"host", b"mail.example:")]

    assert is_allowed_origin({"scheme": "http", "headers": headers}, BayeuxSettings())


def test_the_public_origin_counts_whatever_the_host() -> None:
    settings = BayeuxSettings(public_origin="https://mail.example")
    headers = [(b"origin", b"https://mail.example"), (b"host", b"10.1.2.3:8080")]

    assert is_allowed_origin({"scheme": "http", "headers": headers}, settings)
    assert not is_allowed_origin(
        {"scheme": "http", "headers": [(b"origin", b"http://10.1.2.3:8080"), headers[1]]}, settings
    )


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        (b"mail.example", True),
        (b"MAIL.example.:8443", True),
        (b"mail.example:", True),
        (b"[::1]:", True),
        (b"rebound.example:", False),
        (b"mail.example::", False),
        (b"127.0.0.1:8080", True),
        (b"[::1]:8080", True),
        (b"localhost", True),
        (b"evil.example", False),
        (b"mail.example.evil.example", False),
        (b"mail.example@evil.example", False),
        (b"", False),
        (None, False),
    ],
)
def test_only_our_own_names_are_served_where_they_are_known(
    host: bytes | None, is_known: bool
) -> None:
    settings = BayeuxSettings(
        public_origin="https://mail.example", known_hosts=frozenset({"mail.example"})
    )
    scope = {"headers": [] if host is None else [(b"host", host)]}

    assert is_known_host(scope, settings) is is_known
    assert is_known_host(scope, BayeuxSettings())


async def test_a_body_is_not_read_past_its_limit() -> None:
    parts = iter([b"1234", b"5678", b"never asked for"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(parts), "more_body": True}

    with pytest.raises(TooLargeError):
        await read_body(receive, at_most=6)

    assert next(parts) == b"never asked for"
