"""Logins are renewed side by side, a bounded number at once."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from services.fetching.logins import LoginRenewal
from shared.contracts.oauth import LoginUse, MailServer
from shared.logins.oauth_logins import OAuthLogins
from shared.oauth.token_client import DEADLINE
from shared.storage.configuration_store import ConfigurationStore
from tests.support.fetching import make_settings

IMAP = MailServer("imap", "imap.example", 993)
NAMES = [f"login-{number:02}" for number in range(30)]


class SlowLogins:
    """Logins of which the first waits until the second is renewed; counts those at once."""

    def __init__(self) -> None:
        self.second_is_renewed = asyncio.Event()
        self.now = self.most = 0
        self.renewed: list[str] = []

    async def renew(self, use: LoginUse) -> bool:
        name = use.login
        self.now += 1
        self.most = max(self.most, self.now)
        if name == NAMES[0]:
            await self.second_is_renewed.wait()
        await asyncio.sleep(0)
        if name == NAMES[1]:
            self.second_is_renewed.set()
        self.now -= 1
        self.renewed.append(name)
        return False


async def test_hanging_login_delays_no_other_renewal() -> None:
    logins = SlowLogins()

    async def current() -> SimpleNamespace:
        return SimpleNamespace(mailbox_logins=[LoginUse(name, "desk", IMAP) for name in NAMES])

    configuration = cast(ConfigurationStore, SimpleNamespace(current=current))
    async with asyncio.timeout(5):
        await LoginRenewal(cast(OAuthLogins, logins), configuration).renew()

    assert sorted(logins.renewed) == NAMES
    assert 1 < logins.most < len(NAMES)


def test_refused_login_is_told_within_two_minutes() -> None:
    settings = make_settings()

    slowest = settings.login_look + DEADLINE + settings.sweep

    assert slowest < timedelta(minutes=2)
