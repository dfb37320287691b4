"""Mail of a real Dovecot becomes arrivals, each once, and is marked or moved after that."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.clock import SystemClock
from shared.domain.mailbox_health import Health
from shared.storage.mails.mailbox_store import MailboxStore, described_folders
from tests.doubles.mails import mail, message_id
from tests.fixtures.imap_server import ImapServer
from tests.support.backend import Backend
from tests.support.fetching import described, fetch, parse_all, running_pod
from tests.support.waiting import until

pytestmark = pytest.mark.connected

LONG_AGO = "2026-01-01"


async def test_mail_that_waits_is_stored_once_and_marked(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1), mail(2))

    async with running_pod(backend, described(fetch(server.plain, user, since=LONG_AGO))) as pod:
        assert await pod.has(message_id(1), message_id(2))
        assert await pod.catches_up()
        folder = await pod.folder()

    assert server.uids(user, criteria="SEEN") == [1, 2]
    assert (folder.uid, folder.mails_today, folder.health(SystemClock().now())) == (
        2,
        2,
        Health.WELL,
    )


async def test_mail_from_before_the_description_is_left_alone(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1), at=datetime.now(UTC) - timedelta(hours=1))

    async with running_pod(backend, described(fetch(server.plain, user))) as pod:
        assert await pod.catches_up()
        server.append(user, mail(2))
        assert await pod.has(message_id(2))

    assert server.uids(user, criteria="UNSEEN") == [1]


async def test_new_mail_is_told_by_idle(backend: Backend, server: ImapServer, user: str) -> None:
    server.append(user)

    async with running_pod(backend, described(fetch(server.plain, user))) as pod:
        assert await pod.catches_up()
        for number in range(1, 4):
            server.append(user, mail(number))
            assert await pod.has(*map(message_id, range(1, number + 1)))


async def test_mail_is_moved_to_a_folder_that_is_made(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1))
    moving = fetch(server.plain, user, since=LONG_AGO, then={"move": "Archive/Möve"})

    async with running_pod(backend, described(moving)) as pod:
        assert await pod.has(message_id(1))
        assert await pod.catches_up()

    assert server.uids(user) == []
    assert server.uids(user, "Archive/Möve") == [1]


async def test_then_nothing_changes_nothing_in_the_folder(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1))

    async with running_pod(
        backend, described(fetch(server.plain, user, since=LONG_AGO, then="nothing"))
    ) as pod:
        assert await pod.has(message_id(1))
        assert await pod.catches_up()

    assert server.uids(user, criteria="UNSEEN") == [1]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_encrypted_connections_are_checked(
    backend: Backend, server: ImapServer, user: str, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    server.append(user, mail(1))
    port = server.implicit if tls == "implicit" else server.plain
    imap = {"host": "localhost", "port": port, "tls": tls, "user_name": user}

    async with running_pod(backend, described(fetch(port, imap=imap, since=LONG_AGO))) as pod:
        assert await pod.has(message_id(1))


async def test_certificate_that_nobody_vouches_for_is_a_fault(
    backend: Backend, server: ImapServer, user: str
) -> None:
    imap = {"host": "localhost", "port": server.implicit, "user_name": user}

    async with running_pod(backend, described(fetch(1, imap=imap))) as pod:
        assert await pod.becomes(Health.SLOW)
        fault = (await pod.folder()).facts.fault

    assert fault
    assert fault.code == "certificate"


async def test_several_folders_are_fetched_each_with_its_position(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1))
    server.append(user, mail(2), mail(3), folder="Junk")
    folders = fetch(server.plain, user, since=LONG_AGO, folders=["INBOX", "Junk"])

    async with running_pod(backend, described(folders)) as pod:
        assert await pod.has(*map(message_id, (1, 2, 3)))
        assert await pod.catches_up(0)
        assert await pod.catches_up(1)
        assert [(await pod.folder(number)).uid for number in (0, 1)] == [1, 2]


async def test_second_run_goes_on_where_the_first_ended(
    backend: Backend, server: ImapServer, user: str
) -> None:
    center = described(fetch(server.plain, user, since=LONG_AGO))
    server.append(user, mail(1))
    async with running_pod(backend, center) as pod:
        assert await pod.has(message_id(1))
        assert await pod.catches_up()
    server.append(user, mail(2))

    async with running_pod(backend, center) as pod:
        assert await pod.has(message_id(1), message_id(2))


async def test_changed_uidvalidity_brings_only_unknown_mail(
    backend: Backend, server: ImapServer, user: str
) -> None:
    center = described(fetch(server.plain, user, since=LONG_AGO))
    server.append(user, mail(1), mail(2))
    async with running_pod(backend, center) as pod:
        assert await pod.has(message_id(1), message_id(2))
        assert await pod.catches_up()
        before = await pod.folder()
        await parse_all(pod)
    server.forget_uids(user)
    server.append(user, mail(3))

    async with running_pod(backend, center) as pod:
        assert await pod.has(*map(message_id, (1, 2, 3)))
        assert await pod.catches_up()
        after = await pod.folder()

    assert before.uid_validity != after.uid_validity


async def test_too_large_mail_stays_and_is_told_once(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1, text="x" * 5_000), mail(2))

    async with running_pod(
        backend, described(fetch(server.plain, user, since=LONG_AGO)), largest_mail=2_000
    ) as pod:
        assert await pod.has(message_id(2))
        assert await pod.catches_up()
        folder = await pod.folder()

    assert [uid for uid, _ in folder.skipped] == [1]
    assert "more than 2000" in folder.skipped[0][1]
    assert server.uids(user, criteria="UNSEEN") == [1]


async def test_refused_password_is_sick_at_once_and_not_repeated(
    backend: Backend, server: ImapServer, user: str
) -> None:
    async with running_pod(
        backend, described(fetch(server.plain, user)), {"DESK_PASSWORD": "wrong"}
    ) as pod:
        assert await pod.becomes(Health.SICK)
        folder = await pod.folder()

    assert folder.facts.fault
    assert folder.facts.fault.code == "login-refused"
    assert folder.facts.faults == 1
    assert "wrong" not in str(folder)


async def test_missing_password_is_named(backend: Backend, server: ImapServer, user: str) -> None:
    async with running_pod(backend, described(fetch(server.plain, user)), {}) as pod:
        assert await pod.becomes(Health.SICK)
        fault = (await pod.folder()).facts.fault

    assert fault
    assert "set DESK_PASSWORD" in fault.words


@pytest.mark.parametrize(
    ("folder", "code"), [("Nowhere", "no-such-folder"), ("Tree", "not-selectable")]
)
async def test_folder_without_mail_is_a_fault_with_its_reason(
    backend: Backend, server: ImapServer, user: str, folder: str, code: str
) -> None:
    server.append(user, folder="Tree/Leaf")

    async with running_pod(backend, described(fetch(server.plain, user, folders=[folder]))) as pod:
        assert await pod.becomes(Health.SICK)
        fault = (await pod.folder()).facts.fault

    assert fault
    assert fault.code == code


async def test_only_one_pod_fetches_a_folder(
    backend: Backend, server: ImapServer, user: str
) -> None:
    center = described(fetch(server.plain, user, since=LONG_AGO))
    server.append(user, mail(1))
    async with running_pod(backend, center) as first, running_pod(backend, center) as second:
        assert await first.has(message_id(1))
        server.append(user, mail(2))

        assert await second.has(message_id(1), message_id(2))


async def test_stopped_mailbox_rests_until_it_is_started(
    backend: Backend, server: ImapServer, user: str
) -> None:
    server.append(user)
    orders = MailboxStore(backend.database)
    async with running_pod(backend, described(fetch(server.plain, user))) as pod:
        wanted = described_folders(pod.center)
        assert await pod.catches_up()

        await orders.order_stop(wanted)
        assert await pod.becomes(Health.STOPPED)
        assert await until(lambda: _rests(pod.watch), 10)
        server.append(user, mail(1))
        await orders.order_start(wanted, SystemClock().now())

        assert await pod.has(message_id(1))


async def _rests(watch: object) -> bool:
    return bool(watch._resting)  # type: ignore[attr-defined]


async def test_backfill_counts_first_and_then_brings_what_is_unknown(
    backend: Backend, server: ImapServer, user: str
) -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    server.append(user, mail(1), mail(2), at=then)
    orders, clock = MailboxStore(backend.database), SystemClock()
    async with running_pod(backend, described(fetch(server.plain, user))) as pod:
        wanted = described_folders(pod.center)
        assert await pod.catches_up()
        since = then - timedelta(days=1)

        await orders.order_backfill(wanted, since, clock.now(), only_count=True)

        async def counted() -> bool:
            return (await pod.folder()).counted is not None

        assert await until(counted, 10)
        count = (await pod.folder()).counted
        assert count
        assert (count[1], await pod.arrived()) == (2, [])
        await orders.order_backfill(wanted, since, clock.now(), only_count=False)

        assert await pod.has(message_id(1), message_id(2))
