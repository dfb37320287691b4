"""Cookies, pages and bodies."""

from typing import Any

import pytest

from services.gateway.asgi import TooLargeError, read_body
from services.gateway.bayeux.cookies import CookiePolicy
from services.gateway.bayeux.origins import is_welcome
from services.gateway.bayeux.settings import BayeuxSettings
from services.gateway.bayeux.web import browser_cookie, browser_of


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
        (b"https://desk.example", True),
        (b"https://mail.example", True),
        (b"https://mail.example:8443", False),
        (b"https://desk.example.evil.example", False),
        (b"null", False),
    ],
)
def test_only_pages_of_the_list_and_of_the_server_itself_are_welcome(
    origin: bytes | None, expected: bool
) -> None:
    settings = BayeuxSettings(allowed_origins=frozenset({"https://desk.example"}))
    named = [] if origin is None else [(b"origin", origin)]

    assert is_welcome({"headers": [*named, (b"host", b"mail.example")]}, settings) is expected


async def test_a_body_is_not_read_past_its_limit() -> None:
    parts = iter([b"1234", b"5678", b"never asked for"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(parts), "more_body": True}

    with pytest.raises(TooLargeError):
        await read_body(receive, at_most=6)

    assert next(parts) == b"never asked for"
