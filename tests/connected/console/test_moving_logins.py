"""Hashes that an earlier release kept in the agents' documents move to where they are safe."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.console.agent_directory import AgentDirectory, LoginMove
from services.console.commands.apply import put_in_force
from shared.domain.clock import SystemClock
from shared.storage.agents.agent_login_store import AgentLoginStore, StoredLogin
from shared.storage.database.client import Database
from tests.support.backend import agent_document
from tests.unit.console.descriptions import HASH, agent, center

pytestmark = pytest.mark.connected

CLOCK = SystemClock()
OTHER = HASH.replace("c2FsdHNhbHQ", "b3RoZXJzYWx0")


async def keep(database: Database, name: str = "agent1", **fields: Any) -> None:
    """Store an agent as an earlier release does."""
    document = agent_document(name) | {"password_hash": HASH, "login_generation": 2}
    await database["agents"].insert_one(document | fields)


async def start_earlier_gateway(database: Database) -> None:
    until = CLOCK.now() + timedelta(seconds=30)
    await database["replicas"].insert_one({"_id": "old", "url": "http://x", "expires_at": until})


def login(**fields: Any) -> StoredLogin:
    known = {"id": "agent1", "user_name": "agent1", "password_hash": HASH, "roles": ("Agent",)}
    return StoredLogin(**{**known, "enabled": True, "generation": 2, **fields})


async def test_apply_leaves_no_hash_in_the_agents(opened: Database) -> None:
    await keep(opened)
    await keep(opened, "gone", enabled=False)

    lines = await put_in_force(opened, CLOCK, center())
    again = await put_in_force(opened, CLOCK, center())

    assert lines[-1] == "password hashes of 2 agents: moved to a collection of their own"
    assert again == []
    assert "argon2" not in str(await opened["agents"].find().to_list())
    store = AgentLoginStore(opened)
    assert await store.get("agent1") == login()
    assert await store.named("gone") == login(id="gone", user_name="gone", enabled=False)


async def test_hashes_wait_for_gateways_of_an_earlier_release(opened: Database) -> None:
    await keep(opened)
    await start_earlier_gateway(opened)

    lines = await put_in_force(opened, CLOCK, center(agents=[agent("agent1", password_hash=OTHER)]))

    (kept,) = await opened["agents"].find().to_list()
    assert lines[-1].startswith("note: 1 gateways of an earlier release run")
    assert (kept["_id"], kept["password_hash"], kept["login_generation"]) == ("agent1", OTHER, 3)
    assert await opened["agent_logins"].find().to_list() == []
    await opened["replicas"].delete_many({})
    assert await AgentDirectory(opened, CLOCK).move_logins() == LoginMove(hashes=1)
    assert await AgentLoginStore(opened).get("agent1") == login(password_hash=OTHER, generation=3)


async def test_a_move_that_broke_off_is_finished(opened: Database) -> None:
    await keep(opened)
    fields = {"user_name": "agent1", "password_hash": HASH, "roles": ["Agent"], "enabled": True}
    await opened["agent_logins"].insert_one({"_id": "agent1", **fields, "login_generation": 2})

    await AgentDirectory(opened, CLOCK).move_logins()

    (kept,) = await opened["agents"].find().to_list()
    assert (kept["password_hash"], "login_generation" in kept) == ("", False)
    assert await AgentLoginStore(opened).named("agent1")


class Interruption:
    """Does something once, right before one of the writes that an object makes."""

    def __init__(self, number: int, act: Callable[[], Awaitable[object]]) -> None:
        self.has_happened = False
        self._writes_before = number
        self._act = act

    def watch(self, owner: AgentDirectory | AgentLoginStore) -> None:
        """Count the writes of an object to both collections."""
        for name in ("_logins", "_agents"):
            setattr(owner, name, InterruptedCollection(getattr(owner, name), self))

    async def count_write(self) -> None:
        if self._writes_before == 0:
            await self._act()
            self.has_happened = True
        self._writes_before -= 1


class InterruptedCollection:
    """A collection whose writes are counted."""

    def __init__(self, collection: Any, interruption: Interruption) -> None:
        self._collection = collection
        self._interruption = interruption

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._collection, name)
        if name not in {"update_one", "find_one_and_update"}:
            return method

        async def counted(*args: Any, **options: Any) -> Any:
            await self._interruption.count_write()
            return await method(*args, **options)

        return counted


@pytest.mark.parametrize("write", range(3), ids=["before", "copied", "removed"])
async def test_login_ended_in_the_middle_of_the_move_stays_ended(
    opened: Database, write: int
) -> None:
    await keep(opened)
    directory, store = AgentDirectory(opened, CLOCK), AgentLoginStore(opened)
    interruption = Interruption(write, lambda: store.end("agent1"))
    interruption.watch(directory)

    await directory.move_logins()

    found = await AgentLoginStore(opened).get("agent1")
    assert interruption.has_happened
    assert found
    assert found.generation > 2


@pytest.mark.parametrize("write", range(3), ids=["logins", "agents", "logins again"])
async def test_login_moved_in_the_middle_of_its_end_is_ended(opened: Database, write: int) -> None:
    await keep(opened)
    directory, store = AgentDirectory(opened, CLOCK), AgentLoginStore(opened)
    interruption = Interruption(write, directory.move_logins)
    interruption.watch(store)

    await store.end("agent1")
    await directory.move_logins()

    found = await AgentLoginStore(opened).get("agent1")
    assert interruption.has_happened
    assert found
    assert found.generation > 2


async def test_logins_that_an_earlier_release_ended_stay_ended(opened: Database) -> None:
    await keep(opened)
    await put_in_force(opened, CLOCK, center())
    # After a way back the earlier release applies, and writes the hash where it was.
    back = {"password_hash": HASH, "login_generation": 1}
    await opened["agents"].update_one({"_id": "agent1"}, {"$set": back})

    await put_in_force(opened, CLOCK, center())

    assert await AgentLoginStore(opened).get("agent1") == login(generation=3)


@pytest.mark.parametrize(
    ("back", "described"),
    [
        ({"enabled": False, "roles": ["Agent"]}, []),
        ({"enabled": True, "roles": []}, [agent("agent1", roles=[])]),
    ],
    ids=["disabled", "roles"],
)
async def test_login_removed_by_an_earlier_release_stays_away(
    opened: Database, back: dict[str, Any], described: list[dict[str, Any]]
) -> None:
    await keep(opened)
    await put_in_force(opened, CLOCK, center())
    kept = back | {"password_hash": HASH, "login_generation": 1}
    await opened["agents"].update_one({"_id": "agent1"}, {"$set": kept})

    await put_in_force(opened, CLOCK, center(agents=described))

    found = await AgentLoginStore(opened).get("agent1")
    assert found
    assert (found.enabled, list(found.roles)) == (back["enabled"], back["roles"])


async def test_an_agent_without_a_login_gets_one_again(opened: Database) -> None:
    await put_in_force(opened, CLOCK, center())
    (before,) = await opened["agents"].find().to_list()
    await opened["agent_logins"].delete_many({})

    lines = await put_in_force(opened, CLOCK, center())

    (after,) = await opened["agents"].find().to_list()
    found = await AgentLoginStore(opened).named("agent1")
    assert lines == ["agent agent1: password changed"]
    assert found
    assert (after["_id"], found.id, found.password_hash) == (before["_id"], before["_id"], HASH)
