"""Two releases of the gateway run at the same time, and agents of both get their events."""

import asyncio
import tarfile
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from subprocess import run

import pytest

from services.gateway.notifications.journal.journal_writer import JournalWriter
from shared.contracts.events import AgentReady
from shared.contracts.outgoing import wrap
from shared.storage.journal import Announced, JournalAppender
from tests.cometd_client.client import CometdAgent
from tests.connected.gateway.notifications.test_journal import CHANNELS, announce_changes, positions
from tests.connected.gateway.process import Process
from tests.fixtures.servers import skip_aloud
from tests.support.backend import Backend, cause
from tests.support.gateway import hashed, running_gateway

pytestmark = pytest.mark.connected

RETENTION = timedelta(hours=72)
CHECKOUT = Path(__file__).parents[4]


class Release:
    """A writer of the journal that publishes in a form of its own, and the events it wrote."""

    def __init__(self, backend: Backend, url: str, form: int, present: list[int]) -> None:
        self.written: list[str] = []
        self.grown = asyncio.Event()
        self._present = present
        journal = JournalAppender(backend.database, backend.clock, retention=RETENTION)
        append = journal.append

        async def appended(events: list[Announced]) -> object:
            entries = await append(events)
            self.written += [entry.event_id for entry in entries]
            self.grown.set()
            return entries

        journal.append = appended  # type: ignore[method-assign,assignment]
        self.writer = JournalWriter(
            url, journal, backend.publisher, backend.agents, self._newest_form, form=form
        )

    async def _newest_form(self) -> int:
        return max(self._present)


async def test_old_writer_leaves_the_journal_to_a_newer_release(
    backend: Backend, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "services.gateway.notifications.journal.journal_writer._FORM_CHECK_SECONDS", 0.1
    )
    present = [1]
    old, new = (Release(backend, vhost_url, form, present) for form in (1, 2))
    async with old.writer.writing():
        await announce_changes(backend, 1)
        await written(old, 1)
        present.append(2)
        async with new.writer.writing():
            async with asyncio.timeout(20):
                while not new.written:
                    await announce_changes(backend, 1)
            of_old, of_new = len(old.written), len(new.written)
            await announce_changes(backend, 3)
            await written(new, of_new + 3)
            assert len(old.written) == of_old
        present.remove(2)
        await announce_changes(backend, 1)
        await written(old, of_old + 1)


async def test_events_not_brought_by_the_broker_are_found(
    backend: Backend, vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "services.gateway.notifications.event_feed._CHECK_EVERY", timedelta(seconds=0.5)
    )
    await backend.add_agent("agent1", password_hash=hashed("agent1"))
    event = wrap(AgentReady(agent_id="agent1"), cause(), backend.clock.now())
    async with (
        running_gateway(backend, vhost_url, database_url) as gateway,
        CometdAgent(f"{gateway.url}/cometd", "agent1", "agent1") as desktop,
    ):
        await desktop.subscribe(CHANNELS)
        silent = JournalAppender(backend.database, backend.clock, retention=RETENTION)
        await silent.append([Announced(event.id, "agent1", event.body)])

        assert await positions(desktop, 1) == [1]


async def written(release: Release, number: int) -> None:
    """Return once a writer has written this number of events."""
    async with asyncio.timeout(20):
        while len(release.written) < number:
            await release.grown.wait()
            release.grown.clear()


@pytest.fixture(scope="module")
def previous_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code before the last commit."""
    folder = tmp_path_factory.mktemp("previous")
    command = ["git", "-C", str(CHECKOUT), "archive", "HEAD~1", "services", "shared"]
    packed = run(command, capture_output=True, check=False)  # noqa: S603 - a command of ours
    if packed.returncode:
        skip_aloud(f"the previous release is not there: {packed.stderr.decode()}")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
async def releases(
    backend: Backend, vhost_url: str, database_url: str, previous_release: Path
) -> AsyncIterator[tuple[Process, Process]]:
    """A gateway of the previous release and one of this one, neither of them started."""
    await backend.add_agent("agent1", password_hash=hashed("agent1"))
    await backend.keep_login_as_before("agent1")
    old = Process(vhost_url, database_url, code=previous_release)
    new = Process(vhost_url, database_url)
    yield old, new
    for one in (old, new):
        await one.kill()


@pytest.mark.parametrize("first", ["old", "new"])
async def test_agents_of_both_releases_hear_either_writer(
    backend: Backend, releases: tuple[Process, Process], first: str
) -> None:
    old, new = releases
    for one in (old, new) if first == "old" else (new, old):
        await one.start()
    desks = [CometdAgent(f"{one.url}/cometd", "agent1", "agent1", replay=-2) for one in releases]
    async with desks[0] as of_old, desks[1] as of_new:
        for desk in (of_old, of_new):
            await desk.subscribe(CHANNELS)
        await announce_changes(backend, 3)
        heard = [await positions(desk, 3) for desk in (of_old, of_new)]
        assert heard == [[1, 2, 3], [1, 2, 3]]

        await old.stop()
        await announce_changes(backend, 2)
        assert await positions(of_new, 2) == [4, 5]
        await of_old.kill()
