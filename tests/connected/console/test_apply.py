"""Applying a description is repeatable, and leaves alone what agents do at the moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.console import earlier_mails
from services.console.broker.management_api import ManagementApi
from services.console.broker.policies import wrong_policies
from services.console.commands.apply import apply, put_in_force
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import ConsoleSettings
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import SystemClock
from shared.domain.interaction import Email
from shared.domain.lifecycle import State
from shared.domain.routing.agent_search import AgentSearch
from shared.messaging.connection import virtual_host_of
from shared.storage.agents.agent_store import AgentStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database
from shared.storage.interactions.interaction_documents import to_document
from tests.unit.console.descriptions import agent, center
from tests.unit.domain.examples import inbound

pytestmark = pytest.mark.connected

DEMO = Path(__file__).parents[3] / "deploy" / "local" / "contact-center.yaml"
CLOCK = SystemClock()


async def nobody_listens(_: str, __: object) -> None:
    """Announce nothing: these tests are about what is stored."""


def agents_of(database: Database) -> AgentStore:
    return AgentStore(database, CLOCK, nobody_listens)


async def free_places(database: Database, user_name: str = "agent1") -> int:
    stored = await database["agents"].find_one({"user_name": user_name})
    assert stored
    return int(stored["free"])


@pytest.mark.usefixtures("settings")
async def test_indexes_of_earlier_builds_are_dropped(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    interactions = opened["interactions"]
    await interactions.create_index([("owner_id", 1), ("state", 1)], name="owned")
    await interactions.create_index([("queue", 1), ("needs_key", 1)], name="waiting-by-needs")
    await opened["reports"].create_index([("delivery_id", 1), ("at", 1)], name="on-delivery")

    await apply(DEMO, dry_run=False)
    first = capsys.readouterr().out.splitlines()
    await apply(DEMO, dry_run=False)

    assert [line for line in first if line.startswith("index ")] == [
        "index interactions.owned: dropped",
        "index interactions.waiting-by-needs: dropped",
        "index reports.on-delivery: dropped",
    ]
    assert "dropped" not in capsys.readouterr().out
    assert set(await interactions.index_information()).isdisjoint({"owned", "waiting-by-needs"})


@pytest.mark.usefixtures("settings")
async def test_the_demo_is_applied_once_and_then_nothing_changes(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await apply(DEMO, dry_run=False)
    first = capsys.readouterr().out.splitlines()
    stored = await opened["agents"].find().to_list()

    await apply(DEMO, dry_run=False)

    assert {"queue support: added", "agent agent1: added", "policy routing.work: added"} <= set(
        first
    )
    assert capsys.readouterr().out == "nothing changed\n"
    assert await opened["agents"].find().to_list() == stored


async def test_mails_of_an_earlier_release_are_found_and_ranked(
    opened: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_mails, "_AT_ONCE", 2)
    queued_at = datetime(2026, 11, 1, 8, tzinfo=UTC)
    text = "ö" * 2_998 + " twice paid"
    states = [State.QUEUED] * 5 + [State.ACCEPTED, State.COMPLETED]
    mails = [
        inbound(id=f"M{at}", state=state, queued_at=queued_at, mail=Email(text=text))
        for at, state in enumerate(states)
    ]
    documents = [to_document(one) | {"outbox": [], "applied": []} for one in mails]
    for document in documents:
        for name in ("searched_text", "rank", "needs_key"):
            del document[name]
    ranked = to_document(inbound(id="new", priority=3, needs={"german": 1}, queued_at=queued_at))
    await opened["interactions"].insert_many([*documents, ranked])

    completed = await earlier_mails.complete_earlier_mails(opened)
    again = await earlier_mails.complete_earlier_mails(opened)

    assert (completed, again) == (6, 0)
    assert capsys.readouterr().err.splitlines()[-1].endswith(": 6")
    stored = await opened["interactions"].find({}, sort=[("_id", 1)]).to_list()
    assert [one.get("searched_text") for one in stored] == [
        *[text[:3_000]] * 6,
        None,
        ranked["searched_text"],
    ]
    assert [one.get("rank") for one in stored[:6]] == [queued_at] * 6
    assert [one.get("needs_key") for one in stored[:6]] == [""] * 6
    assert stored[7] == ranked


async def test_everybody_reads_what_was_applied(opened: Database) -> None:
    wanted = center()

    await put_in_force(opened, CLOCK, wanted)

    in_force = await ConfigurationStore(opened, CLOCK).current()
    assert in_force == ContactCenter.model_validate(wanted.model_dump(exclude={"agents"}))
    (one,) = await agents_of(opened).page({}, offset=0, limit=2)
    assert (len(one.id), one.user_name, one.queues) == (32, "agent1", ("support",))
    assert (one.capacity, one.enabled, one.ready, one.holding) == (3, True, False, ())


async def test_an_agent_keeps_id_and_mails_when_the_description_changes(opened: Database) -> None:
    await put_in_force(opened, CLOCK, center())
    (before,) = await agents_of(opened).page({}, offset=0, limit=2)
    await agents_of(opened).set_ready(before.id, ready=True)
    await agents_of(opened).reserve("MAIL1", AgentSearch(CLOCK.now(), "support", {}))

    changed = center(agents=[agent("agent1", skills={"french": 4})])
    lines = await put_in_force(opened, CLOCK, changed)

    (after,) = await agents_of(opened).page({}, offset=0, limit=2)
    assert lines == ["agent agent1: skills changed"]
    assert (after.id, after.holding, after.ready) == (before.id, ("MAIL1",), True)
    assert after.skills == {"french": 4}


async def test_own_time_of_offers_is_stored_and_taken_away(opened: Database) -> None:
    await put_in_force(opened, CLOCK, center(agents=[agent("agent1", invitation="PT90S")]))
    (slow,) = await agents_of(opened).page({}, offset=0, limit=2)

    lines = await put_in_force(opened, CLOCK, center(agents=[agent("agent1")]))

    (after,) = await agents_of(opened).page({}, offset=0, limit=2)
    assert (slow.invitation, after.invitation) == (timedelta(seconds=90), None)
    assert lines == ["agent agent1: invitation changed"]


@pytest.mark.parametrize(("capacity", "free"), [(5, 4), (3, 2), (1, 0)])
async def test_a_changed_capacity_moves_the_free_places_by_the_difference(
    opened: Database, capacity: int, free: int
) -> None:
    await put_in_force(opened, CLOCK, center())
    (one,) = await agents_of(opened).page({}, offset=0, limit=2)
    await agents_of(opened).hold(one.id, "MAIL1")

    await put_in_force(opened, CLOCK, center(agents=[agent("agent1", capacity=capacity)]))

    assert await free_places(opened) == free


async def test_places_taken_while_the_capacity_changes_stay_taken(opened: Database) -> None:
    await put_in_force(opened, CLOCK, center(agents=[agent("agent1", capacity=50)]))
    (one,) = await agents_of(opened).page({}, offset=0, limit=2)

    await asyncio.gather(
        put_in_force(opened, CLOCK, center(agents=[agent("agent1", capacity=100)])),
        *(agents_of(opened).hold(one.id, f"MAIL{number}") for number in range(40)),
    )

    assert await free_places(opened) == 60


async def test_agent_left_out_is_disabled_and_returns_unchanged(
    opened: Database,
) -> None:
    both = center(agents=[agent("agent1"), agent("agent2")])
    await put_in_force(opened, CLOCK, both)
    before = await agents_of(opened).named("agent2")

    gone = await put_in_force(opened, CLOCK, center())
    without = await agents_of(opened).named("agent2")
    back = await put_in_force(opened, CLOCK, both)

    assert gone == ["agent agent2: disabled, no longer described"]
    assert without
    assert not without.enabled
    assert back == ["agent agent2: enabled"]
    assert await agents_of(opened).named("agent2") == before


@pytest.mark.usefixtures("settings")
async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await apply(DEMO, dry_run=True)

    assert "agent agent1: added" in capsys.readouterr().out
    assert await opened.list_collection_names() == []


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("dry_run", [True, False])
async def test_password_that_is_not_set_is_a_note(
    dry_run: bool,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path_factory.mktemp("described") / "contact-center.yaml"
    file.write_text(
        "name: test\n"
        "queues: [{name: support}]\n"
        "mailboxes:\n"
        "  - address: support@demo.example\n"
        "    queue: support\n"
        "    fetch:\n"
        "      imap: {host: imap.example, user_name: desk}\n"
        "      login: {password_variable: NOT_SET}\n"
    )

    await apply(file, dry_run=dry_run)

    lines = capsys.readouterr().out.splitlines()
    assert "queue support: added" in lines
    assert (
        "note: mailbox support@demo.example: NOT_SET is not set here: "
        "see that it is set in the environment of fetching"
    ) in lines


async def test_policies_are_put_right(settings: ConsoleSettings) -> None:
    api = ManagementApi(settings.management_url, virtual_host_of(settings.rabbitmq_url))
    await apply(DEMO, dry_run=False)
    await api.put_policy(
        "routing.work", {"pattern": "^x$", "apply-to": "queues", "definition": {"max-length": 1}}
    )
    assert await wrong_policies(api) == {"routing.work": "changed"}

    await apply(DEMO, dry_run=False)

    assert await wrong_policies(api) == {}


@pytest.mark.usefixtures("settings")
async def test_without_a_broker_nothing_is_put_in_force(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://user:secret@127.0.0.1:1/")

    with pytest.raises(NotPossibleError, match="the broker cannot be reached") as caught:
        await apply(DEMO, dry_run=False)

    assert caught.value.code == Exit.UNAVAILABLE
    assert "secret" not in str(caught.value)
    assert await opened["configuration"].find_one() is None
