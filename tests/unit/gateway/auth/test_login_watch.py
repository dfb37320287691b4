"""The login watcher continues after a check that failed."""

import asyncio
from datetime import timedelta
from unittest.mock import AsyncMock, MagicMock, patch

from services.gateway.auth.login_watch import LoginWatcher
from services.gateway.notifications.topics import own_topics_only
from shared.bayeux import BayeuxServer, BayeuxSettings
from tests.bayeux_lab.lab import IgnoringListener, authenticate

OFTEN = timedelta(milliseconds=1)


class FailingOnceCheck:
    """Fails the first time it is asked; `is_asked_again` tells of the second."""

    def __init__(self) -> None:
        self.times = 0
        self.is_asked_again = asyncio.Event()

    def ask(self) -> list[object]:
        self.times += 1
        if self.times == 1:
            raise ValueError("a fault that nobody foresaw")
        self.is_asked_again.set()
        return []


async def test_logins_are_watched_on_after_a_fault() -> None:
    faulty = FailingOnceCheck()
    logins = MagicMock(of=AsyncMock(side_effect=lambda _: faulty.ask()))
    bayeux = MagicMock(users=MagicMock(return_value={"anna"}))

    async with (
        LoginWatcher(logins, MagicMock(), bayeux).running(every=OFTEN),
        asyncio.timeout(10),
    ):
        await faulty.is_asked_again.wait()


async def test_dead_sessions_are_swept_on_after_a_fault() -> None:
    faulty = FailingOnceCheck()
    bayeux = BayeuxServer(
        BayeuxSettings(sweep_period=OFTEN),
        authenticate=authenticate,
        listener=IgnoringListener(),
        policy=own_topics_only,
    )
    with patch.object(bayeux.protocol, "sweep", lambda _: faulty.ask()):
        async with bayeux.running(), asyncio.timeout(10):
            await faulty.is_asked_again.wait()
