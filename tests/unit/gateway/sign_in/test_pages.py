"""How a login by code ends: the outcome that the desktop shows, and the cookie of the attempt."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.gateway.auth.tokens.access_tokens import TokenRules
from services.gateway.auth.tokens.signing_keys import KeysUnavailableError
from services.gateway.sign_in.attempt import Attempt
from services.gateway.sign_in.pages import ATTEMPT, CALLBACK, SignInPages
from services.gateway.sign_in.provider import ProviderUnavailableError, SignInClient
from shared.bayeux.cookies import CookiePolicy
from shared.storage.database.client import DatabaseUnavailableError
from tests.doubles.clock import MovableClock

ISSUER = "https://id.example.org"
CLIENT = SignInClient(ISSUER, "mailroom", f"https://mail.example.org{CALLBACK}")
KEY = RSAKey.generate_key(2048, {"kid": "rsa"})
MINE, OTHERS = Attempt.new(in_window=False), Attempt.new(in_window=False)


def name_of(attempt: Attempt) -> str:
    """Return the name of the cookie of an attempt."""
    return f"{ATTEMPT}{attempt.state[:8]}"


class Login:
    """A browser that comes back, with each part of the login as a test needs it."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.fails: dict[str, Exception] = {}

    async def come_back(self, query: str) -> tuple[str, bool]:
        """Return where the desktop is told that it ended, and whether the attempt is over."""
        pages = SignInPages(
            provider=cast("Any", SimpleNamespace(client=CLIENT, exchange=self._exchange)),
            keys=cast("Any", SimpleNamespace(for_token=self._keys)),
            rules=TokenRules(ISSUER, "mailroom"),
            agent_cache=cast("Any", SimpleNamespace(named=self._named)),
            sessions=cast("Any", SimpleNamespace(begin_by_provider=self._begin)),
            cookies=CookiePolicy(),
            clock=self.clock,
        )
        response = await pages.response(
            {
                "type": "http",
                "method": "GET",
                "path": CALLBACK,
                "query_string": query.encode(),
                "headers": [(b"cookie", f"{name_of(MINE)}={MINE.cookie}".encode())],
            }
        )
        assert response is not None
        cookies = response.headers.getlist("set-cookie")
        is_over = any(one.startswith(f"{name_of(MINE)}=;") for one in cookies)
        return response.headers["location"].partition("?")[2], is_over

    def _fail(self, part: str) -> None:
        if error := self.fails.get(part):
            raise error

    async def _exchange(self, attempt: Attempt, code: str, address: str) -> str:
        del code, address
        self._fail("exchange")
        moment = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "mailroom",
            "exp": moment + 60,
            "nonce": attempt.nonce,
            "preferred_username": "ann",
        }
        return jwt.encode({"alg": "RS256", "kid": "rsa"}, claims, KEY)

    async def _keys(self, head: object) -> list[RSAKey]:
        del head
        self._fail("keys")
        return [KEY]

    async def _named(self, name: str) -> Any:
        self._fail("account")
        return SimpleNamespace(login=SimpleNamespace(enabled=name == "ann"))

    async def _begin(self, account: object) -> Any:
        del account
        self._fail("session")
        return SimpleNamespace(token="token")


@pytest.mark.parametrize(
    "query", ["", "state=", "state={other}&code=c", "error=access_denied", "state=%ff"]
)
async def test_callback_of_another_attempt_keeps_this_one(query: str) -> None:
    assert await Login().come_back(query.format(other=OTHERS.state)) == ("sign-in=late", False)


async def test_state_that_only_begins_alike_is_refused() -> None:
    query = f"state={MINE.state[:8]}{OTHERS.state[8:]}&code=c"

    assert await Login().come_back(query) == ("sign-in=refused", False)


@pytest.mark.parametrize(
    ("query", "end"), [("code=c", ""), ("error=x", "sign-in=refused"), ("", "sign-in=refused")]
)
async def test_callback_of_an_attempt_ends_it(query: str, end: str) -> None:
    assert await Login().come_back(f"state={MINE.state}&{query}") == (end, True)


@pytest.mark.parametrize(
    ("part", "error", "outcome"),
    [
        ("exchange", ProviderUnavailableError("no answer"), "away"),
        ("keys", KeysUnavailableError("no answer"), "away"),
        ("account", DatabaseUnavailableError("no answer"), "down"),
        ("session", DatabaseUnavailableError("no answer"), "down"),
    ],
)
async def test_our_own_outage_is_told_from_the_provider_s(
    part: str, error: Exception, outcome: str
) -> None:
    login = Login()
    login.fails[part] = error

    end, _ = await login.come_back(f"state={MINE.state}&code=c")

    assert end == f"sign-in={outcome}"
