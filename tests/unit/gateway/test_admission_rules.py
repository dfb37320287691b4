"""Credentials, cookies and the brake, without a network."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from services.gateway.brake import Brake
from services.gateway.credentials import (
    Basic,
    MalformedCredentialsError,
    basic_credentials,
    changes_something,
    session_cookie,
    session_token,
)
from services.gateway.passwords import Passwords, TooBusyError

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KEY = ("agent1", "127.0.0.1")


def request(**headers: str) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "GET", "headers": pairs}


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("text", "credentials"),
    [
        ("ann:secret", Basic("ann", "secret")),
        ("ann:", Basic("ann", "")),
        ("ann:a:b", Basic("ann", "a:b")),
        ("änn:pässword", Basic("änn", "pässword")),
    ],
)
def test_basic_credentials_are_read(text: str, credentials: Basic) -> None:
    assert basic_credentials(request(authorization=basic(text))) == credentials


@pytest.mark.parametrize(
    "value", ["", "Basic", "Basic !", "Bearer x", basic("nocolon"), basic("a:" + "b" * 2000)]
)
def test_other_credentials_are_malformed(value: str) -> None:
    with pytest.raises(MalformedCredentialsError):
        basic_credentials(request(authorization=value))


def test_no_header_is_no_credentials() -> None:
    assert basic_credentials(request()) is None


@pytest.mark.parametrize(
    ("cookie", "token"),
    [("JSESSIONID=x", "x"), ("a=b; JSESSIONID=x", "x"), ("a=b", None), ("", None)],
)
def test_the_session_is_read_from_its_cookie(cookie: str, token: str | None) -> None:
    assert session_token(request(cookie=cookie)) == token


def test_a_cookie_is_for_https_only_where_that_is_wanted() -> None:
    assert session_cookie("x", secure=True).endswith("; HttpOnly; SameSite=Lax; Secure")


@pytest.mark.parametrize(("method", "changes"), [("GET", False), ("POST", True), ("DELETE", True)])
def test_reading_changes_nothing(method: str, changes: bool) -> None:
    assert changes_something(request() | {"method": method}) is changes


def test_the_first_failures_cost_nothing() -> None:
    brake = Brake(free=2)

    brake.fail(KEY, 0.0)
    brake.fail(KEY, 0.0)

    assert brake.wait(KEY, 0.0) == 0.0


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    brake = Brake(free=0, longest=timedelta(seconds=3))

    waits = []
    for _ in range(4):
        brake.fail(KEY, 10.0)
        waits.append(brake.wait(KEY, 10.0))

    assert waits == [1.0, 2.0, 3.0, 3.0]
    assert brake.wait(KEY, 13.0) == 0.0


def test_a_success_forgets_the_failures() -> None:
    brake = Brake(free=0)
    brake.fail(KEY, 0.0)

    brake.succeed(KEY)

    assert brake.wait(KEY, 0.0) == 0.0


def test_only_so_many_guessers_are_remembered() -> None:
    brake = Brake(free=0, remembered=1)

    brake.fail(KEY, 0.0)
    brake.fail(("agent2", "127.0.0.1"), 0.0)

    assert brake.wait(KEY, 0.0) == 0.0


@pytest.fixture
def pool() -> Any:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def test_a_right_password_is_remembered_until_it_changes(pool: ThreadPoolExecutor) -> None:
    passwords = Passwords(pool, CHEAP)
    stored, changed = CHEAP.hash("secret"), CHEAP.hash("other")

    assert await passwords.match("secret", stored)

    assert passwords.remembers("secret", stored)
    assert not passwords.remembers("secret", changed)
    assert not await passwords.match("secret", changed)


async def test_nobody_has_no_password(pool: ThreadPoolExecutor) -> None:
    passwords = Passwords(pool, CHEAP)

    assert not await passwords.match("secret", None)
    assert not await passwords.match("secret", "not a hash")


async def test_a_flood_of_guesses_is_put_off(pool: ThreadPoolExecutor) -> None:
    passwords = Passwords(pool, CHEAP)
    flood = (passwords.match(f"guess {number}", None) for number in range(300))

    answers = await asyncio.gather(*flood, return_exceptions=True)

    assert sum(isinstance(answer, TooBusyError) for answer in answers) == 100


async def test_requests_that_come_together_pay_once(pool: ThreadPoolExecutor) -> None:
    checks = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 - theirs
            checks.append(password)
            return super().verify(hash, password)

    passwords = Passwords(pool, Counting(time_cost=1, memory_cost=8, parallelism=1))
    stored = CHEAP.hash("secret")

    answers = await asyncio.gather(*(passwords.match("secret", stored) for _ in range(20)))

    assert (answers, checks) == ([True] * 20, ["secret"])
