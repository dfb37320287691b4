"""Each store of the system's own state by itself: description, generations, leases, agents."""

import asyncio
from datetime import timedelta

import pytest

from shared.domain.routing.agent_search import AgentSearch
from shared.storage.agents.agent_store import Reservation
from shared.storage.configuration_store import KEPT_FOR, ConfigurationStore, NotConfiguredError
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.client import NEWEST
from shared.storage.database.leases import LeaseStore
from shared.storage.journal_generations import JournalGenerations
from shared.storage.parked_messages import ParkedMessage, ParkedStore
from tests.support.backend import CENTER, Backend

pytestmark = pytest.mark.connected

MINUTE = timedelta(minutes=1)
PARKED = ParkedMessage("routing.work", "M1", b"{}", "C1", "a bug", 3)


async def test_description_of_another_process_is_read_within_seconds(backend: Backend) -> None:
    reader = ConfigurationStore(backend.database, backend.clock)
    await reader.current()
    renamed = CENTER.model_copy(update={"name": "renamed"})
    await ConfigurationStore(backend.database, backend.clock).write(renamed)

    cached = (await reader.current()).name
    backend.clock.move(KEPT_FOR)

    assert (cached, (await reader.current()).name) == (CENTER.name, "renamed")


async def test_database_without_a_description_says_what_to_do(backend: Backend) -> None:
    await backend.database["configuration"].delete_many({})
    store = ConfigurationStore(backend.database, backend.clock)

    with pytest.raises(NotConfiguredError, match="mailroom apply"):
        await store.current()
    assert await store.read() is None


async def test_generation_begins_above_all_positions_before(backend: Backend) -> None:
    store = JournalGenerations(backend.database, backend.clock)
    floors = [await store.floor()]

    floors += [await store.begin_generation() for _ in range(2)]
    floors.append(await store.begin_generation(after=10 * floors[-1]))

    assert floors[0] == 0
    assert floors == sorted(set(floors))
    assert floors[-1] > 10 * floors[-2]
    assert await store.floor() == floors[-1]


async def test_message_parked_twice_is_stored_once(backend: Backend) -> None:
    store = ParkedStore(backend.database, backend.clock)

    for _ in range(2):
        await store.put(PARKED)

    [known] = await store.of("routing.work")
    assert (known.key, known.body) == (PARKED.key, PARKED.body)
    assert await store.counts() == {"routing.work": 1}


async def test_discarded_message_is_kept_with_its_reason(backend: Backend) -> None:
    store = ParkedStore(backend.database, backend.clock)
    await store.put(PARKED)

    await store.discard(PARKED, "of no use")

    [kept] = await backend.database["discarded"].find({}).to_list()
    assert await store.of("routing.work") == []
    assert (kept["_id"], kept["why"]) == (PARKED.key, "of no use")


async def test_lease_is_one_pods_until_it_is_released(backend: Backend) -> None:
    first, second = (LeaseStore(backend.database, name) for name in ("pod1", "pod2"))

    taken = [await one.acquire("sweep", MINUTE) for one in (first, first, second)]
    wanted = [await first.release("sweep", MINUTE) for _ in range(2)]

    assert taken == [True, True, False]
    assert wanted == [True, False]
    assert await second.acquire("sweep", MINUTE)


async def test_last_place_of_an_agent_is_reserved_once(backend: Backend) -> None:
    await backend.add_agent("ann")
    anybody = AgentSearch(backend.clock.now() - MINUTE, "support", {})

    found = await asyncio.gather(
        *(backend.agents.reserve(f"I{number}", anybody) for number in range(5))
    )

    assert [one for one in found if one] == [Reservation("ann")]
    assert not await backend.agents.is_anybody_free(anybody)


async def test_place_that_is_released_twice_is_free_once(backend: Backend) -> None:
    await backend.add_agent("ann")
    await backend.agents.hold("ann", "I1")
    await backend.agents.hold("ann", "I2")

    for _ in range(2):
        await backend.agents.release("ann", "I1")

    assert await backend.held_by("ann") == ["I2"]
    assert (await backend.newest("agents", "ann"))["free"] == 0


async def test_sender_met_by_many_at_once_is_one_contact(backend: Backend) -> None:
    stores = [ContactStore(backend.database, backend.clock) for _ in range(5)]

    met = await asyncio.gather(*(one.meet("Ann@Example.org", "Ann", makes=True) for one in stores))

    assert len({one.id for one in met if one}) == 1
    contacts = backend.database["contacts"].with_options(read_concern=NEWEST)
    assert await contacts.count_documents({}) == 1
    assert await stores[0].meet("nobody@example.org", "", makes=False) is None
