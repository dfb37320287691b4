"""Large mails, and mails of which a server does not say the size, are fetched in pieces."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest

from services.fetching.folders import folder_fetcher
from shared.contracts.contact_center import ContactCenter
from shared.storage.mails.mailbox_store import described_folders
from tests.doubles.imap_server import OddServer, running_odd_server
from tests.doubles.mails import mail, message_id
from tests.fixtures.imap_server import ImapServer
from tests.support.backend import Backend
from tests.support.fetching import FetchingPod, described, fetch, running_pod
from tests.support.waiting import until

pytestmark = pytest.mark.connected

LARGE: Final = mail(
    2, text="\r\n".join(f"line {number} of a long mail" for number in range(60_000))
)


@pytest.fixture
async def odd() -> AsyncIterator[OddServer]:
    """A server with a large mail between two small ones."""
    async with running_odd_server() as running:
        running.mails = {1: mail(1), 2: LARGE, 3: mail(3)}
        yield running


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_fetcher, "pause_after", lambda *_, **__: timedelta(milliseconds=200))


def center_of(odd: OddServer) -> ContactCenter:
    """Return a contact center whose mailbox is at the server."""
    return described(fetch(odd.port, since="2026-01-01"))


async def has_all_octets(pod: FetchingPod) -> bool:
    """Wait for three mails; return whether the large one is stored as it is at the server."""
    assert await pod.has(*map(message_id, (1, 2, 3)))
    assert await pod.catches_up()
    found = await pod.backend.database["arrivals"].find_one({"content": {"$exists": True}})
    assert found
    stored = (await pod.resources.arrivals.get(found["_id"])).raw
    return stored.endswith(LARGE[LARGE.index(b"\n") + 1 :])


async def test_large_mail_comes_in_pieces(backend: Backend, odd: OddServer) -> None:
    async with running_pod(backend, center_of(odd)) as pod:
        assert await has_all_octets(pod)

    assert odd.count("UID FETCH 2 (BODY.PEEK[]<0.") == 1
    assert odd.count("UID FETCH 2 (BODY.PEEK[]<") == -(-len(LARGE) // 524_288)


async def test_large_mail_of_a_real_server_is_whole(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1), LARGE, mail(3))

    async with running_pod(
        backend, described(fetch(server.plain, user, since="2026-01-01"))
    ) as pod:
        assert await has_all_octets(pod)


@pytest.mark.parametrize("claimed", [0, 10, 600, 5_000_000])
async def test_mail_of_a_wrong_size_is_whole(
    backend: Backend, odd: OddServer, claimed: int
) -> None:
    odd.sizes = {2: claimed}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await has_all_octets(pod)


async def test_mail_of_no_size_that_is_too_large_is_skipped(
    backend: Backend, odd: OddServer
) -> None:
    odd.sizes = {2: 0}

    async with running_pod(backend, center_of(odd), largest_mail=700_000) as pod:
        assert await pod.has(message_id(1), message_id(3))
        assert await pod.catches_up()
        folder = await pod.folder()

    assert [uid for uid, _ in folder.skipped] == [2]
    assert "larger than 700000" in folder.skipped[0][1]
    assert odd.count("LOGIN") == 1


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (b"Received: from a by b\r\n" * 101, "it has 101 Received fields, more than 100"),
        (b"X-Mailroom-Loop: a@demo.example\r\n" * 3, "it has 3 X-Mailroom-Loop fields"),
    ],
)
async def test_mail_in_a_loop_is_skipped_with_its_reason(
    backend: Backend, odd: OddServer, field: bytes, words: str
) -> None:
    odd.mails = {1: mail(1), 2: field + mail(2), 3: mail(3)}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(message_id(1), message_id(3))
        assert await pod.catches_up()
        folder = await pod.folder()

    assert folder.skipped == ((2, f"it goes in circles: {words}"),)


async def test_small_bound_of_octets_is_waited_for(backend: Backend, odd: OddServer) -> None:
    async with running_pod(backend, center_of(odd), octets_in_memory=1_000_000) as pod:
        assert await has_all_octets(pod)


async def test_a_try_is_written_before_a_large_mail_comes(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"UID FETCH 2 (BODY": b"* 1 EXISTS\r\n"}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(message_id(1))
        assert await until(lambda: _tries(pod, [{"uid": 2, "times": 1}]), 20)


async def test_mail_that_ended_three_processes_is_skipped(backend: Backend, odd: OddServer) -> None:
    center = center_of(odd)
    async with running_pod(backend, described()) as pod:
        await pod.resources.configuration.write(center)
        await pod.watch._mailboxes.add_described(center, pod.resources.clock.now())
        await backend.database["mailboxes"].update_one(
            {"_id": described_folders(center)[0]},
            {
                "$set": {
                    "uid_validity": 7,
                    "uid": 1,
                    "failed": [{"uid": 2, "times": 3}],
                }
            },
        )

    async with running_pod(backend, center) as pod:
        assert await pod.has(message_id(3))
        assert await pod.catches_up()
        folder = await pod.folder()

    assert [uid for uid, _ in folder.skipped] == [2]
    assert odd.count("UID FETCH 2 (BODY") == 0


async def test_pod_that_ends_gives_its_try_back(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"UID FETCH 2 (BODY": b"* 1 EXISTS\r\n"}
    async with running_pod(backend, center_of(odd)) as pod:
        assert await until(lambda: _tries(pod, [{"uid": 2, "times": 1}]), 20)

    assert await _tries(pod, [])


async def _tries(pod: FetchingPod, expected: list[dict[str, int]]) -> bool:
    found = await pod.backend.newest("mailboxes", described_folders(pod.center)[0])
    return found.get("failed") == expected
