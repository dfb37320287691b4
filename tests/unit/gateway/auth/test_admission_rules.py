"""Credentials, cookies and the throttle, without a network."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from services.gateway.auth.passwords.failed_login_store import FailedLogins
from services.gateway.auth.passwords.login_throttle import Attempt, seconds_to_wait
from services.gateway.auth.passwords.password_checker import PasswordChecker, TooBusyError
from services.gateway.http.credentials import (
    Basic,
    Bearer,
    MalformedCredentialsError,
    changes_something,
    credentials,
    session_token,
)

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def request(**headers: str) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "GET", "headers": pairs}


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann:secret", Basic("ann", "secret")),
        ("ann:", Basic("ann", "")),
        ("ann:a:b", Basic("ann", "a:b")),
        ("änn:pässword", Basic("änn", "pässword")),
    ],
)
def test_basic_credentials_are_read(text: str, expected: Basic) -> None:
    assert credentials(request(authorization=basic(text))) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic !",
        "Bearer",
        "Bearer a b",
        "Digest x",
        basic("nocolon"),
        basic("a:" + "b" * 2000),
    ],
)
def test_other_credentials_are_malformed(value: str) -> None:
    with pytest.raises(MalformedCredentialsError):
        credentials(request(authorization=value))


def test_a_token_is_read() -> None:
    assert credentials(request(authorization="bearer a.b-_.c")) == Bearer("a.b-_.c")


@pytest.mark.parametrize("second", ["Bearer a.b.c", basic("ann:secret")])
def test_two_headers_are_malformed(second: str) -> None:
    scope = request(authorization=basic("ann:secret"))
    scope["headers"].append((b"authorization", second.encode()))

    with pytest.raises(MalformedCredentialsError):
        credentials(scope)


def test_no_header_is_no_credentials() -> None:
    assert credentials(request()) is None


@pytest.mark.parametrize(
    ("cookie", "token"),
    [
        ("JSESSIONID=x", "x"),
        ("a=b; JSESSIONID=x", "x"),
        ('JSESSIONID="x"', "x"),
        ('prefs={"a":1}; JSESSIONID=x', "x"),
        ("déjà=vu, no cookie; JSESSIONID=x", "x"),
        ("NOT_JSESSIONID=x", None),
        ("a=b", None),
        ("", None),
    ],
)
def test_the_session_is_read_from_its_cookie(cookie: str, token: str | None) -> None:
    assert session_token(request(cookie=cookie)) == token


@pytest.mark.parametrize(("method", "changes"), [("GET", False), ("POST", True), ("DELETE", True)])
def test_reading_changes_nothing(method: str, changes: bool) -> None:
    assert changes_something(request() | {"method": method}) is changes


@pytest.mark.parametrize(
    ("count", "wait"), [(0, 0), (5, 0), (6, 1), (7, 2), (8, 4), (14, 256), (15, 300), (10**6, 300)]
)
def test_each_failure_that_is_not_free_doubles_the_wait(count: int, wait: int) -> None:
    assert seconds_to_wait(FailedLogins(float(count), NOW), 5, NOW) == wait


def test_a_wait_runs_out() -> None:
    failures = FailedLogins(8.0, NOW)

    assert seconds_to_wait(failures, 5, NOW + timedelta(seconds=1)) == 3.0
    assert seconds_to_wait(failures, 5, NOW + timedelta(seconds=4)) == 0.0
    assert seconds_to_wait(None, 5, NOW) == 0.0


def test_stranger_has_three_counters_and_a_device_one() -> None:
    assert Attempt("ann", "192.0.2.1").own_key == "192.0.2.1 ann"
    assert [key for key, _ in Attempt("ann", "192.0.2.1").shared_keys] == [
        "name ann",
        "address 192.0.2.1",
    ]
    assert Attempt("ann", "192.0.2.1", "x").own_key == "device x"
    assert Attempt("ann", "192.0.2.1", "x").shared_keys == ()


@pytest.fixture
def pool() -> Any:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def test_a_right_password_is_remembered_until_it_changes(pool: ThreadPoolExecutor) -> None:
    passwords = PasswordChecker(pool, CHEAP)
    stored, changed = CHEAP.hash("secret"), CHEAP.hash("other")

    assert await passwords.match("secret", stored)

    assert passwords.remembers("secret", stored)
    assert not passwords.remembers("secret", changed)
    assert not await passwords.match("secret", changed)


async def test_unknown_agent_matches_no_password(pool: ThreadPoolExecutor) -> None:
    passwords = PasswordChecker(pool, CHEAP)

    assert not await passwords.match("secret", None)
    assert not await passwords.match("secret", "not a hash")


async def test_a_flood_of_guesses_is_put_off(pool: ThreadPoolExecutor) -> None:
    passwords = PasswordChecker(pool, CHEAP)
    flood = (passwords.match(f"guess {number}", None) for number in range(300))

    answers = await asyncio.gather(*flood, return_exceptions=True)

    assert sum(isinstance(answer, TooBusyError) for answer in answers) == 100


async def test_requests_that_come_together_pay_once(pool: ThreadPoolExecutor) -> None:
    checks = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 - theirs
            checks.append(password)
            return super().verify(hash, password)

    passwords = PasswordChecker(pool, Counting(time_cost=1, memory_cost=8, parallelism=1))
    stored = CHEAP.hash("secret")

    answers = await asyncio.gather(*(passwords.match("secret", stored) for _ in range(20)))

    assert (answers, checks) == ([True] * 20, ["secret"])


def test_addresses_of_one_ipv6_site_are_counted_as_one() -> None:
    one, other = Attempt("agent1", "2001:db8::1"), Attempt("agent1", "2001:db8::ffff:2")

    assert (one.own_key, one.shared_keys) == (other.own_key, other.shared_keys)


def test_sites_of_ipv6_are_counted_apart() -> None:
    one, other = Attempt("agent1", "2001:db8::1"), Attempt("agent1", "2001:db8:0:1::1")

    assert one.own_key != other.own_key
