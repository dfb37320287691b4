"""Operations wait for those that the same agent asked for before, in whichever pod."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from services.gateway.commands.command_ids import CommandIds
from services.gateway.commands.operation_order import OperationOrder
from services.gateway.errors import RequestError, Situation
from shared.contracts.commands import AcceptInvitation
from shared.contracts.envelope import Cause
from shared.domain.errors import OperationNotAllowedError, Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.messaging.publisher import NotPublishedError, UnroutableError
from shared.runtime.refusals import Refusals
from shared.storage.database.client import HINT
from shared.storage.interactions import interaction_store
from shared.storage.interactions.interaction_store import Change
from shared.storage.turn_store import Turn, TurnStore
from tests.connected.changes import wait_until
from tests.support.backend import Backend

pytestmark = pytest.mark.connected

PATIENCE = timedelta(seconds=20)
FIRST, SECOND = CommandIds(new_id="NEW1"), CommandIds(new_id="NEW2")


def pod(backend: Backend, patience: timedelta = PATIENCE) -> OperationOrder:
    return OperationOrder(TurnStore(backend.database), backend.clock, patience)


async def asked(
    turns: OperationOrder,
    mail_id: str,
    command_ids: CommandIds,
    error: Exception | None = None,
    agent: str = "agent1",
) -> None:
    async with turns.in_turn(mail_id, agent, command_ids):
        if error:
            raise error


async def queued(backend: Backend, mail_id: str) -> int:
    return len((await backend.newest("turns", f"{mail_id} agent1")).get("turns", ()))


async def two_are_queued(backend: Backend, mail_id: str) -> None:
    async def are_queued() -> bool:
        return await queued(backend, mail_id) == 2

    await wait_until(backend.database["turns"], are_queued)


async def waiting(
    backend: Backend, mail_id: str, turns: OperationOrder, command_ids: CommandIds = SECOND
) -> asyncio.Task[None]:
    """Ask for a second operation that is not over at once."""
    task = asyncio.create_task(asked(turns, mail_id, command_ids))
    await two_are_queued(backend, mail_id)
    assert not task.done()
    return task


async def apply(backend: Backend, mail: Interaction, command_ids: CommandIds) -> None:
    def decide(before: Interaction) -> Change:
        return Change(before.after(Operation.UPDATE_PROPERTIES))

    await backend.interactions.change(mail.id, Cause(message_id=command_ids.message_id), decide)


async def held(backend: Backend) -> Interaction:
    return await backend.add_mail(state=State.ACCEPTED, owner_id="agent1")


async def test_a_second_operation_waits_for_the_first(backend: Backend) -> None:
    mail, order = await held(backend), []
    await asked(pod(backend), mail.id, FIRST)

    async def ask() -> None:
        await asked(pod(backend), mail.id, SECOND)
        order.append("second")

    second = asyncio.create_task(ask())
    await two_are_queued(backend, mail.id)
    order.append("first")
    await apply(backend, mail, FIRST)
    await second

    assert order == ["first", "second"]


async def test_operation_refused_by_a_service_holds_nobody_up(backend: Backend) -> None:
    mail = await held(backend)
    await asked(pod(backend), mail.id, FIRST)
    second = await waiting(backend, mail.id, pod(backend))
    refusals = Refusals(backend.publisher, backend.interactions, backend.clock)
    command = AcceptInvitation(interaction_id=mail.id, agent_id="agent1")

    async with refusals.reported_to_agent(command, Cause(message_id=FIRST.message_id)):
        raise Refused("too late")

    await second


@pytest.mark.parametrize(
    "error",
    [
        RequestError(Situation.VALUE_REFUSED, "no"),
        OperationNotAllowedError("not now"),
        NotPublishedError("the broker is away"),
        UnroutableError("nobody takes it"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_operation_without_command_holds_nobody_up(
    backend: Backend, error: Exception
) -> None:
    mail = await held(backend)
    with pytest.raises(type(error)):
        await asked(pod(backend), mail.id, FIRST, error)

    await asked(pod(backend), mail.id, SECOND)

    assert await queued(backend, mail.id) == 1


@pytest.mark.parametrize(
    ("error", "situation"),
    [
        (RequestError(Situation.WRONG_STATE, "not now"), Situation.UNAVAILABLE),
        (OperationNotAllowedError("not now"), Situation.UNAVAILABLE),
        (RequestError(Situation.VALUE_REFUSED, "never"), Situation.VALUE_REFUSED),
    ],
)
async def test_without_an_outcome_in_time_no_state_is_blamed(
    backend: Backend, error: Exception, situation: Situation
) -> None:
    mail = await held(backend)
    await asked(pod(backend), mail.id, FIRST)
    backend.clock.move(PATIENCE)

    with pytest.raises(RequestError) as told:
        await asked(pod(backend), mail.id, SECOND, error)

    assert told.value.situation is situation


async def test_without_an_outcome_in_time_what_is_possible_is_done(backend: Backend) -> None:
    mail = await held(backend)
    await asked(pod(backend), mail.id, FIRST)
    backend.clock.move(PATIENCE)

    await asked(pod(backend), mail.id, SECOND)


async def test_a_turn_of_a_pod_that_died_is_forgotten_after_a_minute(backend: Backend) -> None:
    mail = await held(backend)
    await asked(pod(backend), mail.id, FIRST)
    backend.clock.move(timedelta(minutes=1))

    with pytest.raises(RequestError) as told:
        await asked(pod(backend), mail.id, SECOND, RequestError(Situation.WRONG_STATE, "not now"))

    assert told.value.situation is Situation.WRONG_STATE


async def test_client_that_leaves_while_waiting_gives_its_turn_back(backend: Backend) -> None:
    mail = await held(backend)
    await asked(pod(backend), mail.id, FIRST)
    second = await waiting(backend, mail.id, pod(backend))

    second.cancel()
    await asyncio.wait([second])

    assert second.cancelled()
    assert await queued(backend, mail.id) == 1


async def test_agents_do_not_wait_for_each_other(backend: Backend) -> None:
    mail = await held(backend)
    await asked(pod(backend), mail.id, FIRST)

    await asked(pod(backend), mail.id, SECOND, agent="agent2")


async def test_a_repeated_request_does_not_wait_for_itself(backend: Backend) -> None:
    mail = await held(backend)
    for _ in range(2):
        await asked(pod(backend), mail.id, FIRST)


async def test_no_patience_means_no_turns(backend: Backend) -> None:
    mail = await held(backend)
    for command_ids in (FIRST, SECOND):
        await asked(pod(backend, timedelta(0)), mail.id, command_ids)

    assert await queued(backend, mail.id) == 0


async def test_very_many_operations_keep_a_bounded_list(backend: Backend) -> None:
    store, now = TurnStore(backend.database), backend.clock.now()
    for number in range(40):
        await store.append("MAIL agent1", Turn(str(uuid4()), "MAIL", f"NEW{number}", now))

    assert await queued(backend, "MAIL") == 16


async def test_turns_taken_together_have_one_order_in_all_pods(backend: Backend) -> None:
    pods, now = [TurnStore(backend.database), TurnStore(backend.database)], backend.clock.now()
    keys = [f"MAIL{number} agent1" for number in range(30)]

    async def take(pod: int, key: str) -> list[str]:
        turn = Turn(f"{pod} {key}", "MAIL", "NEW", now)
        return [one.command_id for one in await pods[pod].append(key, turn)]

    taken = await asyncio.gather(*(take(pod, key) for key in keys for pod in (0, 1)))

    for number, key in enumerate(keys):
        before = [taken[2 * number], taken[2 * number + 1]]
        assert before in ([[], [f"0 {key}"]], [[f"1 {key}"], []])


async def test_many_turns_at_once_on_one_mail_are_a_chain(backend: Backend) -> None:
    store, now = TurnStore(backend.database), backend.clock.now()
    turns = [Turn(f"{number}", "MAIL", "NEW", now) for number in range(10)]

    taken = await asyncio.gather(*(store.append("MAIL agent1", one) for one in turns))

    # In the order in which they were asked for, also where several share a round trip.
    assert [len(before) for before in taken] == list(range(10))


async def test_repeated_operation_keeps_its_first_turn(backend: Backend) -> None:
    store, now = TurnStore(backend.database), backend.clock.now()
    first, second = Turn("1", "MAIL", "NEW1", now), Turn("2", "MAIL", "NEW2", now)
    await store.append("MAIL agent1", first)
    await store.append("MAIL agent1", second)

    assert await store.append("MAIL agent1", first) == []


async def test_outcome_without_majority_keeps_the_turn_open(backend: Backend) -> None:
    # A reader that requires a majority would still see the interaction as it was before.
    store, mail = TurnStore(backend.database), await held(backend)
    turn = Turn("1", mail.id, "NEW", backend.clock.now())
    await store.append(f"{mail.id} agent1", turn)
    interactions = backend.database[interaction_store.COLLECTION]

    await interactions.with_options(write_concern=HINT).update_one(
        {"_id": mail.id}, {"$push": {"applied": turn.command_id}}
    )
    while await store.open(f"{mail.id} agent1", [turn]):
        pass

    (shown,) = await interactions.find({"_id": mail.id}).to_list()
    assert turn.command_id in shown["applied"]
