"""Servers that break the rules of IMAP lose no mail, and each is told in plain words."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from services.fetching.folders import folder_fetcher
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import SystemClock
from shared.domain.mailbox_health import Health
from shared.storage.mails.mailbox_store import MailboxStore, described_folders
from tests.doubles.imap_server import OddServer, running_odd_server
from tests.doubles.mails import mail, message_id
from tests.support.backend import Backend
from tests.support.fetching import FetchingPod, described, fetch, parse_all, running_pod
from tests.support.waiting import until

pytestmark = pytest.mark.connected

LONG_AGO = "2026-01-01"
GONE_WRONG = b"TAG NO [SERVERBUG] it hurts\r\n"
MOVING = {"move": "Done"}


@pytest.fixture
async def odd() -> AsyncIterator[OddServer]:
    """A server with three mails."""
    async with running_odd_server() as running:
        running.mails = {number: mail(number) for number in (1, 2, 3)}
        yield running


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_fetcher, "pause_after", lambda *_, **__: timedelta(milliseconds=200))


def three() -> list[str]:
    """Return the Message-IDs of the three mails."""
    return [message_id(number) for number in (1, 2, 3)]


def center_of(odd: OddServer, **changes: object) -> ContactCenter:
    """Return a contact center whose mailbox is at the server."""
    return described(fetch(odd.port, since=LONG_AGO, **changes))


BAD_ANSWERS = {
    "closed": None,
    "half": b"* 2 FETCH (UID 2 BODY[] {4000}\r\nHalf a mail",
    "2 GB": b"* 2 FETCH (UID 2 BODY[] {2000000000}\r\n",
    "absent": b"* 2 FETCH (UID 2)\r\nTAG OK done\r\n",
    "nil": b"* 2 FETCH (UID 2 BODY[] NIL)\r\nTAG OK done\r\n",
    "garbage": b"* 2 FETCH ((((\r\nTAG OK done\r\n",
    "refused": GONE_WRONG,
    "bye": b"* BYE out of order\r\n",
}


async def test_mail_that_cannot_be_fetched_stops_no_other(backend: Backend) -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_odd_server()) for _ in BAD_ANSWERS]
        for server, answer in zip(servers, BAD_ANSWERS.values(), strict=True):
            server.mails = {number: mail(number) for number in (1, 2, 3)}
            server.odd = {"UID FETCH 2 (BODY": answer}
        center = described(*(fetch(one.port, f"u{one.port}", since=LONG_AGO) for one in servers))

        async with running_pod(backend, center) as pod:
            assert await pod.has(*[message_id(1), message_id(3)] * len(servers))
            for number, name in enumerate(BAD_ANSWERS):
                assert await pod.catches_up(number), name
                skipped = (await pod.folder(number)).skipped
                assert [uid for uid, _ in skipped] == [2], name

        assert [one.count("UID FETCH 2 (BODY") <= 3 for one in servers] == [True] * len(servers)


async def test_mail_that_fails_twice_is_fetched_at_last(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"UID FETCH 2 (BODY": GONE_WRONG}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(message_id(1))
        odd.odd = {}
        assert await pod.has(*three())
        assert await pod.catches_up()
        assert (await pod.folder()).skipped == ()


async def test_poison_at_the_first_of_fifty_is_named(backend: Backend, odd: OddServer) -> None:
    odd.mails = {number: mail(number) for number in range(1, 51)}
    odd.odd = {"UID FETCH 1 (BODY": None}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*map(message_id, range(2, 51)))
        assert await pod.catches_up()
        folder = await pod.folder()

    assert [uid for uid, _ in folder.skipped] == [1]
    assert "failed 3 times" in folder.skipped[0][1]


@pytest.mark.parametrize(
    "news", [None, b"* BYE restarting\r\n", b"* OK still here\r\n", b"* 3 EXI"], ids=str
)
async def test_idle_that_ends_oddly_goes_on(
    backend: Backend, odd: OddServer, news: bytes | None
) -> None:
    told = [news, b""]
    odd.in_idle = lambda: told.pop(0) if told else b""

    async with running_pod(backend, center_of(odd), answer_deadline=1, look_deadline=2) as pod:
        assert await pod.has(*three())
        odd.mails[4] = mail(4)

        assert await pod.has(*three(), message_id(4))


async def test_news_that_come_with_the_answer_to_idle_are_seen(
    backend: Backend, odd: OddServer
) -> None:
    def tell_at_once() -> bytes:
        if 4 in odd.mails:
            return b""
        odd.mails[4] = mail(4)
        return b"* 4 EXISTS\r\n"

    odd.in_idle = tell_at_once

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three(), message_id(4))


async def test_server_without_idle_is_asked(backend: Backend, odd: OddServer) -> None:
    odd.capabilities = "IMAP4rev1"

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.catches_up()
        odd.mails[4] = mail(4)
        wanted = described_folders(pod.center)
        await MailboxStore(backend.database).order_look(wanted, SystemClock().now())

        assert await pod.has(*three(), message_id(4))

    assert odd.count("NOOP") == 1
    assert odd.count("IDLE") == 0


async def test_folder_with_uidvalidity_0_brings_nothing_twice(
    backend: Backend, odd: OddServer
) -> None:
    odd.uid_validity = 0

    await bring_nothing_twice(backend, odd)

    (folder,) = await MailboxStore(backend.database).get(described_folders(center_of(odd)))
    assert folder.uid_validity is None


async def test_folder_without_uidvalidity_brings_nothing_twice(
    backend: Backend, odd: OddServer
) -> None:
    odd.uid_validity = None

    await bring_nothing_twice(backend, odd)


async def bring_nothing_twice(backend: Backend, odd: OddServer) -> None:
    """Fetch a folder, and again by another pod after one more mail came."""
    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()
        await parse_all(pod)
    odd.mails[4] = mail(4)

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three(), message_id(4))
        assert await pod.catches_up()


async def test_uids_that_fall_bring_only_unknown_mail(backend: Backend, odd: OddServer) -> None:
    odd.mails = {number + 100: mail(number) for number in (1, 2, 3)}
    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()
        await parse_all(pod)
    odd.mails = {1: mail(3), 2: mail(4)}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three(), message_id(4))


def same_but_for_the_begin(known: bytes) -> bytes:
    return known.replace(b"Hello", b"Other")


def same_but_for_the_middle(known: bytes) -> bytes:
    return known.replace(b"middle", b"MIDDLE")


def same_but_for_time_and_end(known: bytes) -> bytes:
    return known.replace(b"12:00:00", b"12:00:01").replace(b"the end", b"my end!")


@pytest.mark.parametrize(
    "another", [same_but_for_the_begin, same_but_for_the_middle, same_but_for_time_and_end]
)
async def test_another_mail_with_a_known_id_is_fetched(
    backend: Backend, odd: OddServer, another: Callable[[bytes], bytes]
) -> None:
    known = odd.mails[1] = mail(1, text=f"Hello{'.' * 2_000}middle{'.' * 10_000}the end")
    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()
        await parse_all(pod)
    odd.uid_validity = 8
    odd.mails[4] = another(known)

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three(), message_id(1))
        assert await pod.catches_up()
        await parse_all(pod)

    found = await backend.database["interactions"].count_documents(
        {"mail.message_id": message_id(1)}
    )
    assert found == 2


async def test_server_without_uidnext_keeps_its_position(backend: Backend, odd: OddServer) -> None:
    odd.uid_next = 0
    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()
    del odd.mails[3]

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.catches_up()
        odd.mails[4] = mail(4)
        assert await pod.has(*three(), message_id(4))


async def test_move_without_the_extension_expunges_only_that_mail(
    backend: Backend, odd: OddServer
) -> None:
    odd.capabilities = "IMAP4rev1 IDLE UIDPLUS"

    async with running_pod(backend, center_of(odd, then=MOVING)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()

    assert (sorted(odd.moved), odd.mails) == ([1, 2, 3], {})
    assert odd.count("EXPUNGE") == 0
    assert odd.count("UID EXPUNGE 1,2,3") == 1


async def test_mail_is_never_expunged_without_its_uid(backend: Backend, odd: OddServer) -> None:
    odd.capabilities = "IMAP4rev1 IDLE"

    async with running_pod(backend, center_of(odd, then=MOVING)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()

    assert sorted(odd.moved) == sorted(odd.mails) == [1, 2, 3]
    assert all("\\Deleted" in odd.flags[uid] for uid in odd.mails)
    assert odd.count("EXPUNGE") + odd.count("UID EXPUNGE") + odd.count("CLOSE") == 0


async def test_full_archive_has_mail_marked_instead(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"UID MOVE": b"TAG NO [OVERQUOTA] full\r\n"}

    async with running_pod(backend, center_of(odd, then=MOVING)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()

    assert [odd.flags[uid] for uid in (1, 2, 3)] == [{"\\Seen"}] * 3


async def test_refused_mark_stops_no_mail(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"UID STORE": b"TAG NO [NOPERM] no marks\r\n"}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()

    assert [odd.count(f"UID STORE {uids} ") for uids in ("1,2,3", "1", "2", "3")] == [1] * 4


async def test_server_that_hangs_up_on_marks_holds_no_mail(
    backend: Backend, odd: OddServer
) -> None:
    odd.odd = {"UID STORE": None}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        odd.mails[4] = mail(4)
        assert await pod.has(*three(), message_id(4))
        assert await until(lambda: _is_told(pod, 4, "marks"), 20)
        folder = await pod.folder()

    assert [uid for uid, _ in folder.skipped] == [1, 2, 3, 4]
    assert "stored, but not marked" in folder.skipped[0][1]
    assert folder.health(SystemClock().now()) is Health.SLOW
    assert odd.count("UID STORE") <= 5


async def _is_told(pod: FetchingPod, mails: int, code: str) -> bool:
    folder = await pod.folder()
    fault = folder.facts.fault
    return len(folder.skipped) == mails and fault is not None and fault.code == code


async def test_refused_batch_of_marks_is_marked_singly(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"UID STORE 1,2,3": b"TAG NO [EXPUNGEISSUED] one is gone\r\n"}

    async with running_pod(backend, center_of(odd)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()

    assert sorted(odd.flags) == [1, 2, 3]


def heading(fields: bytes) -> bytes:
    """Return the answer with odd fields to whoever asks for the heading of the second mail."""
    return b"* 2 FETCH (UID 2 %b)\r\nTAG OK done\r\n" % fields


BAD_HEADINGS = {
    "endless id": heading(b"BODY[HEADER.FIELDS (MESSAGE-ID)]<0> {2000000}\r\n" + b"x" * 2_000_000),
    "no day": heading(b"INTERNALDATE 5"),
    "no size": heading(b"RFC822.SIZE large"),
    "no list": heading(b"RFC822.SIZE"),
    "endless zone": heading(b'INTERNALDATE "29-Nov-2026 12:00:00 +99999999999999"'),
    "refused": GONE_WRONG,
    "closed": None,
}


async def test_mail_with_an_unreadable_heading_is_fetched(backend: Backend) -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_odd_server()) for _ in BAD_HEADINGS]
        for server, answer in zip(servers, BAD_HEADINGS.values(), strict=True):
            server.mails = {number: mail(number) for number in (1, 2, 3)}
            asked = ("1,2,3", "2,3", "2")
            server.odd = {f"UID FETCH {uids} (RFC822.SIZE": answer for uids in asked}
        center = described(*(fetch(one.port, f"u{one.port}", since=LONG_AGO) for one in servers))

        async with running_pod(backend, center) as pod:
            assert await pod.has(*three() * len(servers))
            for number, name in enumerate(BAD_HEADINGS):
                assert await pod.catches_up(number), name
                assert (await pod.folder(number)).skipped == (), name


async def test_capabilities_after_login_count(backend: Backend, odd: OddServer) -> None:
    odd.capabilities, odd.after_login = "IMAP4rev1", "IMAP4rev1 IDLE MOVE"

    async with running_pod(backend, center_of(odd, then=MOVING)) as pod:
        assert await pod.has(*three())
        assert await pod.catches_up()

    assert odd.mails == {}
    assert odd.count("IDLE") >= 1


ODDITIES: list[tuple[dict[str, object], str]] = [
    ({"capabilities": "IMAP4rev1 LOGINDISABLED"}, "login-disabled"),
    ({"greeting": b"220 mail.example ESMTP\r\n"}, "connection-lost"),
    ({"greeting": b"* BYE too many\r\n"}, "refused"),
    ({"greeting": b"x" * 2_000_000}, "protocol"),
    ({"odd": {"LOGIN": b"TAG NO [UNAVAILABLE] later\r\n"}}, "login-unavailable"),
    ({"odd": {"LOGIN": b"TAG NO wrong\r\n"}}, "login-refused"),
    ({"odd": {"LOGIN": None}}, "connection-lost"),
    ({"odd": {"SELECT": b"TAG NO no\r\n"}}, "no-such-folder"),
    ({"odd": {"SELECT": b"* OK [READ-ONLY] only\r\nTAG OK [READ-ONLY] x\r\n"}}, "read-only"),
    ({"odd": {"UID SEARCH": b"* SEARCH one two\r\nTAG OK\r\n"}}, "connection-lost"),
    ({"odd": {"UID SEARCH": b"* SEARCH one two\r\nTAG OK x\r\n"}}, "protocol"),
    ({"odd": {"UID SEARCH": b"* 1 EXISTS\r\n"}}, "unreachable"),
    ({"odd": {"UID SEARCH": b"* SEARCH 4 99999999999999999999\r\nTAG OK x\r\n"}}, "protocol"),
    ({"odd": {"UID SEARCH": b"* 1 EXISTS\r\n" * 200_000}}, "protocol"),
    ({"uid_next": 10**20}, "protocol"),
    ({"uid_next": -5}, "protocol"),
    ({"uid_validity": 10**20}, "protocol"),
    ({"odd": {"SELECT": b"TAG NO x\r\n", "LIST": b"* LIST 5 6 7\r\nTAG OK x\r\n"}}, "protocol"),
    ({"odd": {"CAPABILITY": b"* 1 EXISTS\r\n" * 100_000}}, "protocol"),
]


async def test_odd_servers_are_told_in_plain_words(backend: Backend) -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_odd_server()) for _ in ODDITIES]
        for server, (changes, _) in zip(servers, ODDITIES, strict=True):
            for name, value in changes.items():
                setattr(server, name, value)
        center = described(*(fetch(one.port, f"u{one.port}", since=LONG_AGO) for one in servers))

        async with running_pod(backend, center, answer_deadline=1, look_deadline=5) as pod:
            for number, (changes, code) in enumerate(ODDITIES):
                assert await pod.becomes(Health.SICK, number), changes
                fault = (await pod.folder(number)).facts.fault
                assert fault, changes
                assert fault.code == code, changes
                assert fault.do, changes


@pytest.mark.parametrize(("shortest", "logins"), [(0.05, 2), (3600, 1)])
async def test_look_at_a_refused_login_asks_at_most_once(
    backend: Backend,
    odd: OddServer,
    monkeypatch: pytest.MonkeyPatch,
    shortest: float,
    logins: int,
) -> None:
    hour, least = timedelta(hours=1), timedelta(seconds=shortest)
    monkeypatch.setattr(folder_fetcher, "pause_after", lambda *_, **__: hour)
    monkeypatch.setattr(folder_fetcher, "SHORTEST_AFTER_REFUSAL", least)
    async with running_odd_server() as refusing:
        refusing.odd = {"LOGIN": b"TAG NO wrong\r\n"}
        center = described(
            fetch(refusing.port, "locked", since=LONG_AGO), fetch(odd.port, since=LONG_AGO)
        )
        async with running_pod(backend, center) as pod:
            assert await pod.becomes(Health.SICK)
            assert await pod.catches_up(1)
            refused = described_folders(center)[:1]
            await MailboxStore(backend.database).order_look(refused, SystemClock().now())

            # The other mailbox tells that the order was read, and that time has passed.
            odd.mails[4] = mail(4)
            assert await pod.has(*three(), message_id(4))

    assert refusing.count("LOGIN") == logins


async def test_words_before_tls_begins_end_the_connection(backend: Backend, odd: OddServer) -> None:
    odd.odd = {"STARTTLS": b"TAG OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"}
    imap = {"host": "localhost", "port": odd.port, "tls": "starttls", "user_name": "desk"}

    async with running_pod(backend, center_of(odd, imap=imap)) as pod:
        assert await pod.becomes(Health.SICK)
        fault = (await pod.folder()).facts.fault

    assert fault
    assert "unprotected data after STARTTLS" in fault.words
    assert odd.count("LOGIN") == odd.count("AUTHENTICATE") == 0


async def test_folder_name_goes_out_in_modified_utf7(backend: Backend, odd: OddServer) -> None:
    async with running_pod(backend, center_of(odd, folders=["Entwürfe & Co"])) as pod:
        assert await pod.has(*three())

    assert odd.count('SELECT "Entw&APw-rfe &- Co"') == 1


async def test_hanging_mailbox_slows_no_other(backend: Backend, odd: OddServer) -> None:
    async with running_odd_server() as hanging:
        hanging.odd = {"SELECT": b"* 1 EXISTS\r\n"}
        center = described(
            fetch(hanging.port, "sick", since=LONG_AGO),
            fetch(odd.port, since=LONG_AGO),
        )
        async with running_pod(backend, center) as pod:
            assert await pod.has(*three())
            odd.mails[4] = mail(4)
            assert await pod.has(*three(), message_id(4))
            assert hanging.count("SELECT") == 1


async def test_hundreds_of_mails_come_in_order_and_once(backend: Backend, odd: OddServer) -> None:
    odd.mails = {number: mail(number) for number in range(1, 121)}

    async with running_pod(backend, center_of(odd, then="nothing")) as pod:
        assert await pod.has(*map(message_id, range(1, 121)))
        assert await pod.arrived() == [message_id(number) for number in range(1, 121)]
