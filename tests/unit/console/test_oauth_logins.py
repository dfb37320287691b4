"""A description whose login lacks a key or a secret is not put in force."""

import base64

import pytest

from services.console.exit_codes import Exit, NotPossibleError
from services.console.health.oauth_logins import refuse_unusable_logins
from tests.unit.console.descriptions import center

KEY = base64.b64encode(b"k" * 32).decode()
LOGIN = {
    "name": "provider",
    "kind": "client-credentials",
    "token_url": "https://id.example/token",
    "client_id": "client-1",
    "client_secret_variable": "OAUTH_SECRET",
}
ROUTE = {"user_name": "desk@demo.example", "login": {"oauth": "provider"}}
BY_OAUTH = center(oauth=[LOGIN], smtp_route=ROUTE)
SECRET = {"OAUTH_SECRET": "a very secret secret"}


def refusal(sealing_key: str, environment: dict[str, str]) -> str:
    with pytest.raises(NotPossibleError) as caught:
        refuse_unusable_logins(BY_OAUTH, sealing_key, environment)
    assert caught.value.code is Exit.MISCONFIGURED
    return str(caught.value)


def test_everything_that_is_missing_is_named_at_once() -> None:
    first, second = refusal("", {}).splitlines()

    assert first.startswith("MAILROOM_SEALING_KEY is not set")
    assert second.startswith("login provider: set OAUTH_SECRET in the environment")


def test_a_key_of_the_wrong_length_is_refused_and_not_shown() -> None:
    words = refusal("c2hvcnQ=", SECRET)

    assert "a key of 5 bytes where 32 are needed" in words
    assert "c2hvcnQ" not in words
    assert "secret secret" not in words


def test_a_login_that_has_everything_is_accepted() -> None:
    refuse_unusable_logins(BY_OAUTH, KEY, SECRET)


def test_route_without_oauth_needs_no_key() -> None:
    refuse_unusable_logins(center(oauth=[LOGIN]), "", {})
