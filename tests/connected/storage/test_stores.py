"""Each store by itself: its comparisons, its bounds, and what a repetition leaves."""

import base64
from datetime import timedelta

import pytest

from shared.domain.interaction import Attachment, Email
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import ContentRef
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.sealing import Sealer
from shared.storage.token_store import COLLECTION as LOGINS
from shared.storage.token_store import Grant, TokenStore
from shared.storage.turn_store import KEPT_FOR, Turn, TurnStore
from shared.storage.upload_store import AwaitedEvent, UploadStore
from tests.support.backend import Backend

pytestmark = pytest.mark.connected

SEALER = Sealer(base64.b64encode(bytes(32)).decode())
HOUR = timedelta(hours=1)
FILE = Attachment("DOC-1", "offer.pdf", 3, "application/pdf", "")
CONTENT = ContentRef("a" * 64, 3)
OTHER_CONTENT = ContentRef("b" * 64, 4)
GRANT = Grant("access-1", "refresh-1", HOUR, HOUR / 2, "secret-1")


async def test_allowance_admits_its_most_and_repetitions(backend: Backend) -> None:
    store, until = AllowanceStore(backend.database), backend.clock.now() + HOUR

    admitted = [
        await store.admit("name", thing, most=2, until=until) for thing in ("a", "b", "a", "c")
    ]

    assert admitted == [True, True, True, False]
    assert await store.used_up(["name", "other"], most=2) == ["name"]
    assert await store.is_any_used_up({"other": 2, "name": 2})
    assert not await store.is_any_used_up({"name": 3})


async def test_turn_has_the_earlier_ones_before_it(backend: Backend) -> None:
    store, now = TurnStore(backend.database), backend.clock.now()
    first, second = Turn("C1", "I1", "N1", now), Turn("C2", "I1", "N2", now)

    before = [await store.append("I1/ann", one) for one in (first, second, second)]

    assert before == [[], [first], [first]]
    assert await store.append("I1/bob", first) == []


async def test_turn_given_back_or_too_old_is_not_waited_for(backend: Backend) -> None:
    store, now = TurnStore(backend.database), backend.clock.now()
    first, second = Turn("C1", "I1", "N1", now), Turn("C2", "I1", "N2", now)
    await store.append("I1/ann", first)
    await store.append("I1/ann", second)

    await store.remove("I1/ann", "C1")

    assert await store.open("I1/ann", [first, second]) == [second]
    assert await store.append("I1/ann", Turn("C3", "I1", "N3", now + KEPT_FOR)) == []


async def test_agent_is_disconnected_only_while_gateways_look(backend: Backend) -> None:
    store, patience = PresenceStore(backend.database, backend.clock), timedelta(seconds=60)
    await backend.add_agent("ann", logged_in=True, state_since=backend.clock.now())
    await store.record_connected(["ann"])
    for _ in range(8):
        backend.clock.move(timedelta(seconds=10))
        await store.record_connected([])

    assert await store.disconnected(patience, ready=True) == ["ann"]
    backend.clock.move(timedelta(seconds=50))
    assert await store.disconnected(patience, ready=True) == []


async def test_upload_counts_from_its_answer_until_it_is_linked(backend: Backend) -> None:
    store = UploadStore(backend.database, backend.clock)
    assert await store.add("I1", FILE, CONTENT)
    assert await store.pending("I1") == []

    await store.promise([FILE.id])
    (pending,) = await store.pending("I1")
    await store.mark_done([FILE.id])

    assert (pending.document.attachment, pending.awaits) == (FILE, AwaitedEvent.LINK)
    assert await store.pending("I1") == []
    assert await store.is_referred(CONTENT.sha256)


async def test_upload_with_another_content_changes_nothing(backend: Backend) -> None:
    store = UploadStore(backend.database, backend.clock)
    await store.add("I1", FILE, CONTENT)

    assert not await store.add("I1", FILE, OTHER_CONTENT)
    assert await store.add("I1", FILE, CONTENT)

    assert not await store.is_referred(OTHER_CONTENT.sha256)


async def test_kept_upload_is_not_swept(backend: Backend) -> None:
    store = UploadStore(backend.database, backend.clock)
    await store.add("I1", FILE, CONTENT)
    backend.clock.move(HOUR)
    (found,) = [one async for one in store.unsettled(backend.clock.now())]

    await store.get_and_keep("I1", FILE.id)

    assert not await store.forget(found)


async def test_document_keeps_its_first_content(backend: Backend) -> None:
    store = DocumentStore(backend.database, backend.clock)
    await store.add("I1", [(FILE, CONTENT)], {FILE.id: "a virus"})

    await store.add("I1", [(FILE, OTHER_CONTENT)])

    stored = await store.get(FILE.id)
    assert stored is not None
    assert (stored.content, stored.held) == (CONTENT, "a virus")
    assert await store.stored("I1") == {FILE.id}
    assert await store.held("I1") == {FILE.id: "a virus"}
    assert await store.get("DOC-2") is None


async def test_token_of_the_later_writer_is_refused(backend: Backend) -> None:
    store = TokenStore(backend.database, SEALER)
    before = await store.read("desk/ann")

    written = [await store.write_granted("desk/ann", before, GRANT) for _ in range(2)]

    assert written == [True, False]
    after = await store.read("desk/ann")
    assert (after.access_token, after.refresh_token, after.version) == ("access-1", "refresh-1", 1)


async def test_token_is_sealed_in_the_database(backend: Backend) -> None:
    store = TokenStore(backend.database, SEALER)

    await store.write_granted("desk/ann", await store.read("desk/ann"), GRANT)

    document = await backend.newest(LOGINS, "desk/ann")
    assert not {"access-1", "refresh-1"} & {str(value) for value in document.values()}


async def test_login_ends_by_a_new_generation(backend: Backend) -> None:
    store = AgentLoginStore(backend.database)
    await backend.add_agent("ann")
    before = await store.get("ann")

    await store.end("ann")

    after = await AgentLoginStore(backend.database).get("ann")
    assert before is not None
    assert after is not None
    assert (after.user_name, after.generation) == (before.user_name, before.generation + 1)
    assert await store.named("nobody") is None


async def test_threads_are_read_in_pages_without_texts(backend: Backend) -> None:
    store = ThreadStore(backend.database)
    mails = [
        await backend.add_mail(thread_id="T1", mail=Email(text="words", message_id=f"<{n}@x>"))
        for n in range(3)
    ]

    first = await store.page("T1", after="", limit=2)
    rest = await store.page("T1", after=first[-1].id, limit=2)

    assert [one.id for one in (*first, *rest)] == sorted(one.id for one in mails)
    assert {one.mail.text for one in first} == {""}
    assert [one.id for one in await store.named(["<1@x>"])] == [mails[1].id]
    assert await store.named([]) == []
