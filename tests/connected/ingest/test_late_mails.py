"""Mails that come in another order than they were written in are one thread all the same."""

from datetime import timedelta
from itertools import permutations

import pytest

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.storage.mails import awaited_mail_store
from shared.storage.mails.awaited_mail_store import AwaitedMailStore
from tests.connected.ingest.test_parsing import parsed
from tests.support.backend import Backend
from tests.support.ingest import MAIL, Ingest

pytestmark = pytest.mark.connected

FIRST = b"Message-ID: <first@x>\r\n"
ANSWER = b"Message-ID: <answer@x>\r\nIn-Reply-To: <first@x>\r\nReferences: <first@x>\r\n"
LAST = b"Message-ID: <last@x>\r\nReferences: <first@x> <answer@x>\r\n"
BESIDE = b"Message-ID: <beside@x>\r\nIn-Reply-To: <first@x>\r\n"


async def came(
    backend: Backend, ingest: Ingest, *heads: bytes, sender: bytes = b"ann@example.org"
) -> list[Interaction]:
    """Have mails of a sender come one after another; return them in that order."""
    found = []
    for head in heads:
        found += await parsed(backend, ingest, head + MAIL.replace(b"ann@example.org", sender))
    return found


@pytest.mark.parametrize("order", [*permutations((FIRST, ANSWER, LAST))])
async def test_chain_in_any_order_is_one_thread(
    backend: Backend, ingest: Ingest, order: tuple[bytes, ...]
) -> None:
    mails = await came(backend, ingest, *order)

    assert len(mails) == len(order)
    assert len({one.thread_id for one in mails}) == 1


@pytest.mark.parametrize("order", [*permutations((FIRST, ANSWER, BESIDE))])
async def test_two_answers_in_any_order_are_one_thread(
    backend: Backend, ingest: Ingest, order: tuple[bytes, ...]
) -> None:
    mails = await came(backend, ingest, *order)

    assert len({one.thread_id for one in mails}) == 1


async def test_late_mail_is_new_and_opens_no_other(backend: Backend, ingest: Ingest) -> None:
    answer, first = await came(backend, ingest, ANSWER, FIRST)

    assert (first.subtype, first.parent_id, first.thread_id) == ("InboundNew", None, answer.id)
    assert (first.branches, answer.readable_branches) == ((first.id,), (answer.id,))
    assert first.state is State.QUEUED


async def test_late_mail_of_somebody_else_begins_a_thread(backend: Backend, ingest: Ingest) -> None:
    await came(backend, ingest, ANSWER)

    (first,) = await came(backend, ingest, FIRST, sender=b"thief@example.org")

    assert (first.thread_id, first.branches) == (first.id, ())


async def test_ids_of_known_mails_are_not_awaited(backend: Backend, ingest: Ingest) -> None:
    await came(backend, ingest, FIRST)

    await came(backend, ingest, ANSWER, sender=b"bo@example.org")

    assert await backend.database[awaited_mail_store.COLLECTION].count_documents({}) == 0


async def test_ten_ids_of_a_mail_are_kept_for_a_month(backend: Backend) -> None:
    store = AwaitedMailStore(backend.database, backend.clock)
    ids = [f"<{at}@x>" for at in range(300)]

    for thread_id in ("one", "two"):
        await store.expect("ann@example.org", ids, thread_id)

    kept = await backend.database[awaited_mail_store.COLLECTION].find().to_list()
    assert len(kept) == 10
    assert {one["expires_at"] for one in kept} == {backend.clock.now() + timedelta(days=30)}
    assert await store.thread_awaiting("Ann+tag@EXAMPLE.org", ["<299@x>"]) == "one"
    assert await store.thread_awaiting("ann@example.org", ["<150@x>"]) is None
    assert await store.thread_awaiting("", ["<299@x>"]) is None


async def test_mail_that_comes_again_after_a_crash_awaits_the_same(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object, **__: object) -> bool:
        raise RuntimeError("before the mail is stored")

    with monkeypatch.context() as patched:
        patched.setattr(type(backend.interactions), "add", die)
        with pytest.raises(RuntimeError):
            await came(backend, ingest, ANSWER)
    answer, first = await came(backend, ingest, ANSWER, FIRST)

    assert answer.thread_id == first.thread_id
