"""Each store of mails by itself: arrivals, deliveries, reports, folders and discarded mails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from shared.contracts.outgoing import Outgoing
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.deliveries.delivery_report import DeliveryReport, MatchedBy
from shared.domain.lifecycle import State
from shared.domain.set_aside import DISCARDED
from shared.storage.files.vault import IN_ONE_DOCUMENT, Vault
from shared.storage.mails.arrival_store import ArrivalStore, UnknownArrivalError
from shared.storage.mails.delivery_store import ClaimLostError, DeliveryStore, new_delivery
from shared.storage.mails.discarded_mails import DiscardedMailStore
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.mails.report_store import ReportStore
from tests.support.backend import Backend, cause
from tests.support.fetching import SUPPORT, described, fetch
from tests.support.ingest import INVOICE, envelope

pytestmark = pytest.mark.connected

LEASE = timedelta(minutes=1)
INBOX = f"{SUPPORT}/INBOX"


class Announced:
    """Writes down what stores announce, and publishes nothing."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def announce(self, document_id: str, owed: Sequence[Outgoing]) -> None:
        self.ids += [document_id] * len(owed)

    announce_soon = announce

    def remove_soon(self, document_id: str, message_ids: Sequence[str]) -> None:
        pass


@pytest.fixture
def announced() -> Announced:
    return Announced()


@pytest.fixture
def arrivals(backend: Backend, announced: Announced) -> ArrivalStore:
    vault = Vault(backend.database, backend.clock)
    return ArrivalStore(backend.database, vault, backend.clock, announced)


@pytest.fixture
def deliveries(backend: Backend, announced: Announced) -> DeliveryStore:
    return DeliveryStore(backend.database, backend.clock, announced.announce)


async def add_delivery(deliveries: DeliveryStore, backend: Backend, message_id: str) -> None:
    delivery = new_delivery(
        interaction_id="1",
        agent_id="agent1",
        message_id=message_id,
        sender="support@demo.example",
        recipients=["ann@example.org"],
        now=backend.clock.now(),
    )
    await deliveries.add(delivery, INVOICE, cause())


async def octets_of(arrivals: ArrivalStore, arrival_id: str) -> bytes:
    return b"".join([piece async for piece in arrivals.raw(arrival_id)])


@pytest.mark.parametrize("size", [1, IN_ONE_DOCUMENT, IN_ONE_DOCUMENT + 1])
async def test_arrival_of_any_size_comes_back(arrivals: ArrivalStore, size: int) -> None:
    raw = bytes(size)

    arrival_id = await arrivals.add(raw, envelope(sender="ann@example.org"))

    assert (await arrivals.get(arrival_id)).raw == raw
    assert await octets_of(arrivals, arrival_id) == raw
    assert await arrivals.raw_size(arrival_id) == size


async def test_arrival_of_an_earlier_try_is_stored_and_announced_once(
    arrivals: ArrivalStore, announced: Announced
) -> None:
    for raw in (b"first", b"second"):
        await arrivals.add(raw, envelope(), arrival_id="A1")

    assert (await arrivals.get("A1")).raw == b"first"
    assert announced.ids == ["A1"]


async def test_arrival_whose_source_breaks_off_is_not_stored(arrivals: ArrivalStore) -> None:
    async def broken_off() -> AsyncIterator[bytes]:
        yield b"half a"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await arrivals.add_stream(broken_off(), envelope(), arrival_id="A1")

    with pytest.raises(UnknownArrivalError):
        await arrivals.get("A1")


async def test_failed_try_to_parse_counts_once(arrivals: ArrivalStore, backend: Backend) -> None:
    arrival = await arrivals.get(await arrivals.add(INVOICE, envelope()))
    later = backend.clock.now() + LEASE

    for _ in range(2):
        await arrivals.postpone(arrival, later)

    known = await arrivals.get(arrival.id)
    assert (known.tries, known.retry_at) == (1, later)


async def test_delivery_of_a_repeated_command_is_one(
    deliveries: DeliveryStore, backend: Backend
) -> None:
    await add_delivery(deliveries, backend, "<1@demo.example>")
    claim = await deliveries.claim("1", "pod1", LEASE)
    await add_delivery(deliveries, backend, "<1@demo.example>")

    known = await deliveries.get("1")

    assert claim is not None
    assert known is not None
    assert known.state is DeliveryState.CLAIMED


async def test_delivery_is_claimed_by_one_of_many(
    deliveries: DeliveryStore, backend: Backend
) -> None:
    await add_delivery(deliveries, backend, "<1@demo.example>")

    claims = await asyncio.gather(
        *(deliveries.claim("1", f"pod{number}", LEASE) for number in range(5))
    )

    assert len([one for one in claims if one is not None]) == 1


async def test_claim_whose_lease_has_ended_sends_no_dot(
    deliveries: DeliveryStore, backend: Backend
) -> None:
    await add_delivery(deliveries, backend, "<1@demo.example>")
    first = await deliveries.claim("1", "pod1", LEASE)
    backend.clock.move(LEASE)
    second = await deliveries.claim("1", "pod2", LEASE)

    assert first is not None
    assert second is not None
    with pytest.raises(ClaimLostError):
        await deliveries.offer_dot(first, first.delivery.recipients, LEASE)
    await deliveries.offer_dot(second, second.delivery.recipients, LEASE)


async def test_claimed_delivery_cannot_be_canceled(
    deliveries: DeliveryStore, backend: Backend
) -> None:
    await add_delivery(deliveries, backend, "<1@demo.example>")
    await deliveries.claim("1", "pod1", LEASE)

    assert not await deliveries.cancel("1")


def report(backend: Backend, matched_by: MatchedBy, kind: str = "failed") -> DeliveryReport:
    return DeliveryReport("A1", kind, "I1", "D1", matched_by, (), backend.clock.now())


async def test_report_of_the_first_process_stays(backend: Backend) -> None:
    store = ReportStore(backend.database)
    first = await store.add(report(backend, MatchedBy.REFERENCES))

    second = await store.add(report(backend, MatchedBy.RECIPIENT, "delayed"))

    assert second == first == await store.get("A1")


async def test_proven_report_takes_the_place_of_a_claim_alone(backend: Backend) -> None:
    store = ReportStore(backend.database)
    await store.add(report(backend, MatchedBy.REFERENCES))
    proven = report(backend, MatchedBy.TOKEN)

    await store.prove(proven)
    await store.prove(report(backend, MatchedBy.ENVELOPE_ID, "delayed"))

    assert await store.on("D1") == [proven]


async def test_described_folder_keeps_its_position(backend: Backend) -> None:
    store, center = MailboxStore(backend.database), described(fetch(1))
    began = backend.clock.now()
    await store.add_described(center, began)
    backend.clock.move(LEASE)

    await store.add_described(center, backend.clock.now())

    [folder] = await store.get([INBOX])
    assert folder.facts.last_good_at == began


async def test_discarded_mail_that_is_marked_is_listed_no_more(backend: Backend) -> None:
    store = DiscardedMailStore(backend.database)
    mail = await backend.add_mail(state=State.COMPLETED, user_data={DISCARDED: "a rule"})
    await backend.add_mail(state=State.COMPLETED)
    listed = await store.page(after="", limit=10)
    soon = backend.clock.now() + timedelta(days=400)

    count = await store.mark(soon, soon)

    assert [one.id for one in listed] == [mail.id]
    assert (count, await store.page(after="", limit=10)) == (1, [])
    assert [one.id for one in await store.marked()] == [mail.id]


async def test_marked_mail_goes_with_its_documents(backend: Backend) -> None:
    store, soon = DiscardedMailStore(backend.database), backend.clock.now() + timedelta(days=400)
    mail = await backend.add_mail(state=State.COMPLETED, user_data={DISCARDED: "a rule"})
    await store.mark(soon, soon)
    [marked] = await store.marked()

    await store.delete_parts(marked)
    deleted = [await store.delete(marked) for _ in range(2)]

    assert deleted == [True, False]
    assert await store.marked() == []
    assert mail.id == marked.id
