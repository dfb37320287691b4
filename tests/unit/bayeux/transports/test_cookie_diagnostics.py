"""Clients without a cookie are served if the settings allow it; otherwise the log has advice."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.bayeux.cookies import CookiePolicy
from shared.bayeux.remedies import Remedies
from shared.bayeux.transports.cookie_diagnostics import CookieDiagnostics
from tests.support.bayeux_client import AT_ONCE
from tests.unit.bayeux.in_memory_client import InMemoryClient
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness

REMEDIES = Remedies()
UNKNOWN = "402::session_unknown"
OTHER_SITE = {"Origin": "https://desk.test", "Sec-Fetch-Site": "cross-site"}
FOR_OTHER_SITES = CookiePolicy(secure=True, same_site="None")


@pytest.mark.parametrize(
    ("trusts", "user", "browser", "is_served"),
    [
        (False, "anna", None, False),
        (True, "anna", None, True),
        (True, "anna", "anotherbrowser", False),
        (True, "bert", None, False),
        (True, "bert", "thebrowser", False),
    ],
)
def test_poll_without_cookie_is_served_if_client_id_is_trusted(
    trusts: bool, user: str, browser: str | None, is_served: bool
) -> None:
    harness = ProtocolHarness.with_settings(trusts_client_id=trusts)
    client = Client(harness, "anna", browser="thebrowser").join()
    client.user_id = user
    client.browser = browser  # type: ignore[assignment]

    [reply] = client.ask("/meta/connect", advice={"timeout": 0})

    assert reply["successful"] is is_served
    assert reply.get("error") == (None if is_served else UNKNOWN)


async def get_nowhere(headers: dict[str, str], times: int = 3, **settings: Any) -> list[Any]:
    """Shake hands and poll without a cookie, and return what the log says of it."""
    client = InMemoryClient(allowed_origins=frozenset({"https://desk.test"}), **settings)
    del client.headers["Cookie"]
    client.headers |= headers
    with capture_logs() as logs:
        for _ in range(times):
            await client.handshake()
            [reply] = await client.ask("/meta/connect")
            assert reply["error"] == UNKNOWN
    return logs


@pytest.mark.parametrize(
    ("headers", "cookies", "remedy"),
    [
        ({}, CookiePolicy(), REMEDIES.not_kept),
        (OTHER_SITE, CookiePolicy(), REMEDIES.not_for_other_sites),
        (OTHER_SITE, CookiePolicy(secure=True), REMEDIES.not_for_other_sites),
        (OTHER_SITE, FOR_OTHER_SITES, REMEDIES.blocked),
        (OTHER_SITE, CookiePolicy(True, "None", partitioned=False), REMEDIES.not_partitioned),
        ({"Origin": "https://desk.test"}, CookiePolicy(), REMEDIES.not_for_other_sites),
        ({"Origin": "http://here"}, CookiePolicy(secure=True), REMEDIES.needs_https),
        ({"Origin": "http://here"}, CookiePolicy(), REMEDIES.not_kept),
        (
            {"Origin": "https://desk.test", "Sec-Fetch-Site": "same-site"},
            CookiePolicy(),
            REMEDIES.not_kept,
        ),
    ],
)
async def test_the_log_says_once_what_would_help(
    headers: dict[str, str], cookies: CookiePolicy, remedy: str
) -> None:
    [said] = await get_nowhere(headers, cookies=cookies)

    assert said["event"] == "a client returns no cookie"
    assert (said["origin"], said["remedy"]) == (headers.get("Origin"), remedy)


async def test_log_names_a_limited_number_of_refused_pages() -> None:
    client = InMemoryClient()
    with capture_logs() as logs:
        for number in range(120):
            client.headers["Origin"] = f"https://{number:03}{'x' * 300}.test"
            for _ in range(2):
                client.send({"channel": "/meta/connect"})
                head, _ = await client.read()
                assert " 403 " in head

    assert [said["remedy"] for said in logs] == [REMEDIES.not_welcome] * 100
    assert max(len(said["origin"]) for said in logs) == 200


async def test_client_that_returns_its_cookie_is_not_logged() -> None:
    client = InMemoryClient()
    with capture_logs() as logs:
        await client.join()
        await client.ask("/meta/connect", advice=AT_ONCE)

    assert logs == []


@pytest.mark.parametrize(
    ("headers", "remedies"),
    [
        (
            {"origin": "https://desk.test", "sec-fetch-site": "cross-site"},
            [REMEDIES.not_for_other_sites],
        ),
        ({"origin": "https://here", "host": "here"}, [REMEDIES.log_in_first]),
        ({"origin": "https://here", "host": "here", "cookie": "JSESSIONID=ended"}, []),
        # A program, which may send what it likes.
        ({"host": "here"}, []),
    ],
)
def test_the_log_says_once_why_a_page_opens_no_socket(
    headers: dict[str, str], remedies: list[str]
) -> None:
    harness = ProtocolHarness()
    cookie_diagnostics = CookieDiagnostics(harness.protocol, harness.settings)
    scope = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    with capture_logs() as logs:
        for _ in range(3):
            cookie_diagnostics.check_socket_without_login(scope)

    assert [said["remedy"] for said in logs] == remedies
