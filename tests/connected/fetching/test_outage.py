"""Broker and database are away together: no mail is lost, and none comes twice."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from services.fetching.folders import folder_fetcher
from shared.domain.clock import SystemClock
from shared.domain.mailbox_health import Health
from shared.mail.parsing.parser import parse_mail
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.mails import arrival_store
from tests.connected.pods import running_pod
from tests.doubles.mails import mail, message_id
from tests.fixtures.imap_server import ImapServer
from tests.support.backend import Backend
from tests.support.fetching import PASSWORDS, described, fetch
from tests.support.fetching import running_pod as running_fetching
from tests.support.systems.breakable_link import BreakableLink
from tests.support.waiting import until

pytestmark = pytest.mark.connected


async def test_outage_of_broker_and_database_loses_no_mail(
    backend: Backend,
    server: ImapServer,
    user: str,
    vhost_url: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[int] = []

    def short_pause(faults: int, *_: object, **__: object) -> timedelta:
        tries.append(faults)
        return timedelta(milliseconds=200)

    monkeypatch.setattr(folder_fetcher, "pause_after", short_pause)
    for name, value in {**PASSWORDS, "FETCHING_SWEEP": "0.2"}.items():
        monkeypatch.setenv(name, value)
    center = described(fetch(server.plain, user, since="2026-01-01"))
    await ConfigurationStore(backend.database, SystemClock()).write(center)
    server.append(user, mail(1))

    async with running_pod("fetching", vhost_url, database_url, monkeypatch) as pod:
        assert await until(lambda: _arrived(backend, 1), 30)
        pod.broker.cut()
        pod.database.cut()
        server.append(user, mail(2), mail(3))
        assert await until(lambda: _has_failed(tries), 60)
        pod.database.restore()
        pod.broker.restore()

        assert await until(lambda: _arrived(backend, 3), 60)
        assert await until(lambda: _are_marked(server, user), 60)

    found = await backend.database[arrival_store.COLLECTION].find({}, {"raw": 1}).to_list()
    assert sorted(parse_mail(one["raw"]).message_id for one in found) == [
        message_id(number) for number in (1, 2, 3)
    ]


async def test_connection_cut_in_idle_loses_no_mail(
    backend: Backend, server: ImapServer, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = timedelta(milliseconds=200)
    monkeypatch.setattr(folder_fetcher, "pause_after", lambda *_, **__: soon)
    server.append(user, mail(1))
    async with BreakableLink.opened(f"http://127.0.0.1:{server.plain}") as link:
        center = described(fetch(urlsplit(link.url).port or 0, user, since="2026-01-01"))
        async with running_fetching(backend, center) as pod:
            assert await pod.has(message_id(1))
            assert await pod.catches_up()

            link.cut()
            server.append(user, mail(2))
            assert await pod.becomes(Health.SLOW)
            link.restore()

            assert await pod.has(message_id(1), message_id(2))


async def _arrived(backend: Backend, mails: int) -> bool:
    return await backend.database[arrival_store.COLLECTION].count_documents({}) >= mails


async def _has_failed(tries: list[int]) -> bool:
    return bool(tries)


async def _are_marked(server: ImapServer, user: str) -> bool:
    return len(server.uids(user, criteria="SEEN")) == 3
