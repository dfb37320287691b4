"""No apply strands mail silently: it refuses, or moves it where the operator says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.console.apply_plan import StrandedWorkChoice
from services.console.commands.apply import apply, move_stranded, plan_apply, put_in_force
from services.console.commands.doctor import examine
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import ConsoleSettings
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.domain.clock import SystemClock
from shared.domain.interaction import Place
from shared.domain.lifecycle import Direction, State
from shared.storage.database.client import Database, DatabaseUnavailableError, require_replica_set
from shared.storage.interactions.interaction_store import InteractionStore
from tests.unit.console.descriptions import agent, center
from tests.unit.domain.examples import inbound

pytestmark = pytest.mark.connected

CLOCK = SystemClock()
ADMIN = agent("admin", roles=["Agent", "Contact Center Admin"])
BOTH = center(agents=[agent("agent1"), agent("agent2"), ADMIN])
WITHOUT_SALES = center(queues=[{"name": "support"}], agents=[agent("agent1"), ADMIN])
WITHOUT_AGENT2 = center(agents=[agent("agent1"), ADMIN])


async def nobody_listens(_: str, __: object) -> None:
    """Announce nothing: these tests are about what is stored."""


@pytest_asyncio.fixture
async def interactions(opened: Database) -> AsyncIterator[InteractionStore]:
    """The interactions of a contact center with two queues."""
    await put_in_force(opened, CLOCK, BOTH)
    yield InteractionStore(opened, CLOCK, nobody_listens)


async def add(interactions: InteractionStore, name: str, **fields: Any) -> None:
    await interactions.add(inbound(id=name, **fields), Cause.about(name), [])


async def applied(
    database: Database, wanted: ContactCenter, choice: StrandedWorkChoice
) -> list[str]:
    plan = await plan_apply(database, CLOCK, wanted, choice)
    lines = await put_in_force(database, CLOCK, plan.wanted)
    return lines + await move_stranded(database, CLOCK, plan)


async def id_of(database: Database, user_name: str) -> str:
    found = await database["agents"].find_one({"user_name": user_name})
    assert found
    return str(found["_id"])


async def test_removing_a_queue_that_holds_mail_is_refused_with_numbers(
    opened: Database, interactions: InteractionStore
) -> None:
    for number in range(3):
        await add(interactions, f"MAIL{number}", queue="sales")
    await add(interactions, "MAIL3", queue="sales", state=State.ACCEPTED, owner_id="somebody")

    with pytest.raises(NotPossibleError) as caught:
        await applied(opened, WITHOUT_SALES, StrandedWorkChoice())

    assert "queue sales: 3 waiting mails, 1 in hand" in str(caught.value)
    assert "--move-to QUEUE" in str(caught.value)
    assert caught.value.code == Exit.NOT_FINE
    assert (await interactions.get("MAIL0")).queue == "sales"


async def test_work_of_a_removed_queue_moves_to_the_chosen_queue(
    opened: Database, interactions: InteractionStore
) -> None:
    await add(interactions, "MAIL1", queue="sales")
    await add(interactions, "MAIL2", queue="sales", state=State.ACCEPTED, owner_id="somebody")
    place = Place("email.draft", "sales", of_group=True)
    await add(interactions, "MAIL3", queue="sales", state=State.IN_WORKBIN, place=place)

    lines = await applied(opened, WITHOUT_SALES, StrandedWorkChoice("support"))

    moved = [await interactions.get(f"MAIL{number}") for number in (1, 2, 3)]
    assert {one.queue for one in moved} == {"support"}
    assert [one.state for one in moved] == [State.QUEUED, State.ACCEPTED, State.QUEUED]
    assert "3 stranded interactions: moved" in lines


async def test_yes_moves_it_to_a_queue_that_administrators_serve(
    opened: Database, interactions: InteractionStore
) -> None:
    await add(interactions, "MAIL1", queue="sales")

    await applied(opened, WITHOUT_SALES, StrandedWorkChoice(sure=True))
    again = await applied(opened, WITHOUT_SALES, StrandedWorkChoice())

    assert (await interactions.get("MAIL1")).queue == "unassigned"
    serving = opened["agents"].find({"queues": "unassigned"})
    assert [one["user_name"] async for one in serving] == ["admin"]
    assert again == []


async def test_the_queue_unassigned_goes_when_it_is_empty(
    opened: Database, interactions: InteractionStore
) -> None:
    await add(interactions, "MAIL1", queue="sales")
    await applied(opened, WITHOUT_SALES, StrandedWorkChoice(sure=True))

    lines = await applied(opened, WITHOUT_SALES, StrandedWorkChoice("support"))

    assert (await interactions.get("MAIL1")).queue == "support"
    assert "queue unassigned: removed" in lines
    assert "agent admin: queues changed" in lines


async def test_work_of_a_removed_agent_is_named_and_moved(
    opened: Database, interactions: InteractionStore
) -> None:
    gone = await id_of(opened, "agent2")
    out, created = Direction.OUTBOUND, State.REPLY_CREATED
    await add(interactions, "DRAFT", direction=out, state=created, owner_id=gone)
    place = Place("email.draft", gone)
    await add(interactions, "KEPT", state=State.IN_WORKBIN, place=place)

    with pytest.raises(NotPossibleError, match="agent agent2: 1 in workbins, 1 drafts"):
        await applied(opened, WITHOUT_AGENT2, StrandedWorkChoice())
    await applied(opened, WITHOUT_AGENT2, StrandedWorkChoice("support"))

    for name in ("DRAFT", "KEPT"):
        after = await interactions.get(name)
        assert (after.state, after.owner_id, after.place) == (State.QUEUED, None, None)


async def test_a_queue_whose_name_changes_in_case_keeps_its_mail(
    opened: Database, interactions: InteractionStore
) -> None:
    await add(interactions, "MAIL1", queue="sales")

    await applied(
        opened,
        center(queues=[{"name": "support"}, {"name": "Sales"}], agents=[*BOTH.agents]),
        StrandedWorkChoice(),
    )

    assert (await interactions.get("MAIL1")).queue == "Sales"


@pytest.mark.usefixtures("interactions")
async def test_an_agent_whose_name_changes_in_case_is_refused(opened: Database) -> None:
    with pytest.raises(NotPossibleError, match="write agent1"):
        await applied(
            opened, center(agents=[agent("Agent1"), agent("agent2"), ADMIN]), StrandedWorkChoice()
        )


async def test_work_stranded_earlier_does_not_block_apply(
    opened: Database, interactions: InteractionStore, settings: ConsoleSettings
) -> None:
    await add(interactions, "MAIL1", queue="long-gone")

    lines = await applied(opened, BOTH, StrandedWorkChoice())

    assert lines[-1].startswith("note: 1 interactions cannot be found by any agent")
    bad = [str(one) async for one in examine(settings, CLOCK) if one.mark == "bad"]
    assert any("queue long-gone: 1 waiting mails" in line for line in bad)


@pytest.mark.usefixtures("settings", "interactions")
async def test_a_queue_to_move_to_has_to_be_described(tmp_path: Path, opened: Database) -> None:
    file = tmp_path / "center.yaml"
    file.write_text("name: demo\n")

    with pytest.raises(NotPossibleError, match="there is no queue nowhere"):
        await apply(file, dry_run=False, choice=StrandedWorkChoice("nowhere"))

    assert await opened["configuration"].count_documents({"content.name": "demo"}) == 1


async def test_a_database_that_is_no_replica_set_is_refused() -> None:
    class Standalone:
        async def command(self, _name: str) -> dict[str, object]:
            return {"isWritablePrimary": True}

    with pytest.raises(DatabaseUnavailableError, match="--replSet"):
        await require_replica_set(Standalone())  # type: ignore[arg-type]
