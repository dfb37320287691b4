"""Discarded mail is kept, and deleted with everything that is its own after a time."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from unittest.mock import patch

import pytest

from deploy.local.processes.ports import free_port
from services.attachments import discarded_mail_sweeper
from services.attachments.discarded_mail_sweeper import DiscardedMailSweeper
from services.attachments.upload_sweeper import ABANDONED
from shared.contracts.retention import Retention
from shared.domain.ids import id_of
from shared.domain.interaction import Attachment, Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import REASONS
from shared.storage.configuration_store import KEPT_FOR
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import IN_ONE_DOCUMENT, Vault
from shared.storage.mails import discarded_mails
from shared.storage.mails.discarded_mails import DiscardedMailStore
from shared.storage.upload_store import UploadStore
from tests.support.backend import CENTER, Backend
from tests.support.ingest import MAIL, envelope, make_arrivals
from tests.support.waiting import until

pytestmark = pytest.mark.connected

KEEP = timedelta(days=30)
POINTS = (
    "attachments.after_discarded_mark",
    "attachments.after_discarded_parts",
    "attachments.after_discarded_contents",
)
LARGE = MAIL + b"x" * IN_ONE_DOCUMENT


@pytest.fixture
async def sweeper(backend: Backend) -> DiscardedMailSweeper:
    keeping = {"retention": Retention(discarded=KEEP)}
    await backend.configuration.write(CENTER.model_copy(update=keeping))
    return DiscardedMailSweeper(
        mails=DiscardedMailStore(backend.database),
        uploads=UploadStore(backend.database, backend.clock),
        vault=Vault(backend.database, backend.clock),
        configuration=backend.configuration,
        clock=backend.clock,
    )


async def discarded(backend: Backend, name: str, reason: str = "spam") -> Interaction:
    """Store a discarded mail with its octets, a copy of it and a file, all in the vault."""
    arrivals = make_arrivals(backend)
    arrival_ids = [await arrivals.add(LARGE, envelope()) for _ in range(2)]
    await backend.database["arrivals"].update_many({}, {"$set": {"outbox": []}})
    ref = await Vault(backend.database, backend.clock).put(b"file of " + name.encode())
    mail = await backend.add_mail(
        id=id_of(backend.clock.now()) + name,
        state=State.COMPLETED if reason else State.QUEUED,
        arrival_id=arrival_ids[0],
        user_data={"_Discarded": reason} if reason else {},
    )
    copies = {"copies": arrival_ids[1:], "outbox": []}
    await backend.database["interactions"].update_one({"_id": mail.id}, {"$set": copies})
    file = Attachment(f"file{name}", "a.txt", 9, "text/plain")
    await DocumentStore(backend.database, backend.clock).add(mail.id, [(file, ref)])
    return mail


async def counts(backend: Backend) -> dict[str, int]:
    names = ("interactions", "arrivals", "documents", "contents")
    return {name: await backend.database[name].count_documents({}) for name in names}


async def test_mail_is_deleted_with_all_that_is_its_own(
    backend: Backend, sweeper: DiscardedMailSweeper
) -> None:
    await discarded(backend, "1")
    backend.clock.move(KEEP - timedelta(minutes=1))
    early = await sweeper.sweep()
    backend.clock.move(timedelta(minutes=2))

    count = await sweeper.sweep()

    assert (early, count) == (0, 1)
    assert set((await counts(backend)).values()) == {0}


async def test_mail_of_two_mailboxes_is_deleted_with_the_last_of_both(
    backend: Backend, sweeper: DiscardedMailSweeper
) -> None:
    first, second = [await discarded(backend, name) for name in "12"]
    await backend.database["interactions"].update_one(
        {"_id": second.id}, {"$set": {"arrival_id": first.arrival_id}}
    )
    await backend.database["arrivals"].delete_one({"_id": second.arrival_id})
    backend.clock.move(KEEP + ABANDONED)

    count = await sweeper.sweep()

    assert count == 2
    assert set((await counts(backend)).values()) == {0}


async def test_sweep_deletes_all_that_is_due(
    backend: Backend, sweeper: DiscardedMailSweeper
) -> None:
    for name in "12345":
        await discarded(backend, name)
    backend.clock.move(KEEP + ABANDONED)

    with (
        patch.object(discarded_mails, "MOST_AT_ONCE", 2),
        patch.object(discarded_mail_sweeper, "MOST_AT_ONCE", 2),
    ):
        assert await sweeper.sweep() == 5


async def test_other_mail_and_shared_content_stay(
    backend: Backend, sweeper: DiscardedMailSweeper
) -> None:
    kept = await discarded(backend, "1", reason="")
    gone = await discarded(backend, "2")
    # The same mail went to two mailboxes, and was discarded in one.
    await backend.database["interactions"].update_one(
        {"_id": gone.id}, {"$set": {"arrival_id": kept.arrival_id}}
    )
    backend.clock.move(KEEP + ABANDONED)

    count = await sweeper.sweep()

    assert count == 1
    left = await backend.interactions.get(kept.id)
    arrival = await make_arrivals(backend).get(left.arrival_id or "")
    assert arrival.raw.endswith(LARGE)
    assert (await counts(backend))["documents"] == 1


@asynccontextmanager
async def attachments(environment: dict[str, str]) -> AsyncIterator[Process]:
    """Run the service as a process that sweeps without a pause."""
    settings = {"ATTACHMENTS_SWEEP": "0.05", "PROBE_PORT": str(free_port())}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.attachments",
        env={**os.environ, **settings, **environment},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.faults
@pytest.mark.usefixtures("sweeper")
async def test_killed_sweep_is_finished_by_the_next_process(
    backend: Backend, vhost_url: str, database_url: str
) -> None:
    kept = await discarded(backend, "0", reason="")
    await backend.database["arrivals"].delete_many({})
    await backend.database["documents"].delete_many({})
    servers = {"RABBITMQ_URL": vhost_url, "MONGODB_URL": database_url}
    left: list[dict[str, int]] = []

    for point in POINTS:
        await discarded(backend, "1")
        dying = {**servers, "MAILROOM_FAULTS": "1", "CRASH_AT": point}
        async with attachments(dying) as process:
            assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
        left.append(await counts(backend))
        async with attachments(servers):
            assert await until(partial(is_swept, backend), 60)

    assert [one["interactions"] for one in left] == [2, 2, 2]
    assert [one["arrivals"] for one in left] == [2, 0, 0]
    assert (await backend.interactions.get(kept.id)).user_data == {}


async def is_swept(backend: Backend) -> bool:
    """Say whether nothing is left but the mail that was not discarded."""
    return list((await counts(backend)).values())[:3] == [1, 0, 0]


async def test_without_a_time_discarded_mail_is_kept(
    backend: Backend, sweeper: DiscardedMailSweeper
) -> None:
    await backend.configuration.write(CENTER)
    backend.clock.move(KEPT_FOR)
    await discarded(backend, "1")
    backend.clock.move(timedelta(days=4_000))

    assert await sweeper.sweep() == 0


async def test_marked_mail_cannot_be_released_any_more(
    backend: Backend, sweeper: DiscardedMailSweeper
) -> None:
    mail = await discarded(backend, "1")
    # A rule discarded a mail that was read as a report too.
    await backend.database["interactions"].update_one(
        {"_id": mail.id}, {"$set": {"user_data._Report": "failed"}}
    )
    backend.clock.move(KEEP + ABANDONED)
    with (
        patch.object(DiscardedMailStore, "delete_parts", side_effect=RuntimeError("killed")),
        pytest.raises(RuntimeError),
    ):
        await sweeper.sweep()

    marked = await backend.interactions.get(mail.id)

    assert REASONS.isdisjoint(marked.user_data)
    assert marked.version == mail.version + 1
