"""Parked messages are shown untouched, and put back exactly as asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from aio_pika.abc import AbstractIncomingMessage

from services.console.broker.connection import count, open_connection
from services.console.commands.replay import discard, queue_named, replay, show_parked
from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import ConsoleSettings
from shared.contracts.commands import DeliverMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.messaging.declaration import declare_topology
from shared.messaging.publisher import open_publisher
from shared.messaging.retries import Delivered, parked
from shared.messaging.topology import OUTBOUND
from shared.storage.database.client import Database

pytestmark = pytest.mark.connected


@pytest_asyncio.fixture
async def ids(settings: ConsoleSettings) -> list[str]:
    """The ids of three messages that the outbound service could not handle, oldest first."""
    await declare_topology(settings.rabbitmq_url)
    return [await park(settings, f"MAIL{number}") for number in range(3)]


async def park(settings: ConsoleSettings, interaction_id: str) -> str:
    message = wrap(DeliverMail(interaction_id=interaction_id), Cause(), datetime.now(UTC))
    delivered = Delivered(message.id, message.body, message.correlation_id, {"x-attempt": 2})
    async with open_publisher(settings.rabbitmq_url, name="test") as publisher:
        await publisher.publish(parked(delivered, "KeyError: 'recipient'", OUTBOUND))
    return message.id


@asynccontextmanager
async def at_work(settings: ConsoleSettings) -> AsyncIterator[list[AbstractIncomingMessage]]:
    """Give the messages of the work queue, which stay there."""
    async with open_connection(settings.rabbitmq_url) as connection:
        queue = await (await connection.channel()).get_queue(OUTBOUND.name, ensure=False)
        messages = []
        while (message := await queue.get(fail=False)) is not None:
            messages.append(message)
        yield messages


async def parked_now(settings: ConsoleSettings) -> int:
    async with open_connection(settings.rabbitmq_url) as connection:
        found = await count(connection, OUTBOUND.parking)
    assert found
    return found.messages


async def test_exactly_the_chosen_message_goes_back(
    settings: ConsoleSettings, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    await replay(OUTBOUND, message_id=ids[1], limit=None)

    async with at_work(settings) as messages:
        assert [one.message_id for one in messages] == [ids[1]]
    assert await parked_now(settings) == 2
    again, note, done = capsys.readouterr().out.splitlines()
    assert again == "is done again: 1 times deliver-mail"
    assert note.startswith("note: 1 were parked for: KeyError: 'recipient'; unless that was mended")
    assert done == "1 of 3 parked messages put back on outbound.work"


async def test_message_is_put_back_as_new(settings: ConsoleSettings, ids: list[str]) -> None:
    await replay(OUTBOUND, message_id=ids[0], limit=None)

    async with at_work(settings) as (message,):
        again = Delivered(ids[0], message.body, message.correlation_id or "", message.headers)
        assert again.attempt == 1
        assert not again.is_lethal
        assert b'"MAIL0"' in message.body
        assert message.correlation_id


async def test_the_oldest_go_first(settings: ConsoleSettings, ids: list[str]) -> None:
    await replay(OUTBOUND, message_id=None, limit=2)

    async with at_work(settings) as messages:
        assert [one.message_id for one in messages] == ids[:2]
    assert await parked_now(settings) == 1


async def test_all_messages_are_put_back_without_a_choice(
    settings: ConsoleSettings, ids: list[str]
) -> None:
    await replay(OUTBOUND, message_id=None, limit=None)

    async with at_work(settings) as messages:
        assert [one.message_id for one in messages] == ids
    assert await parked_now(settings) == 0


async def test_a_discarded_message_is_gone_and_kept_with_the_reason(
    settings: ConsoleSettings, ids: list[str], opened: Database
) -> None:
    await discard(OUTBOUND, ids[1], "its interaction was deleted by hand")

    assert await parked_now(settings) == 2
    (kept,) = await opened["discarded"].find().to_list()
    assert (kept["message_id"], kept["why"]) == (ids[1], "its interaction was deleted by hand")
    assert b"MAIL1" in kept["body"]


async def test_an_unknown_message_is_not_discarded(
    settings: ConsoleSettings, ids: list[str]
) -> None:
    with pytest.raises(NotPossibleError, match="holds no message nobody"):
        await discard(OUTBOUND, "nobody", "why")

    assert await parked_now(settings) == len(ids)


async def test_list_shows_type_reason_and_time_and_moves_nothing(
    settings: ConsoleSettings, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    await show_parked(OUTBOUND, message_id=None, limit=None)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ids
    assert f"{datetime.now(UTC):%Y-%m-%d}" in lines[0]
    assert lines[0].endswith("deliver-mail, tried 3 times: KeyError: 'recipient'")
    assert await parked_now(settings) == 3


async def test_a_list_may_be_taken_any_number_of_times(
    settings: ConsoleSettings, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(25):
        await show_parked(OUTBOUND, message_id=None, limit=None)

    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines[-3:]) == sorted(ids)
    assert lines[-1].endswith("deliver-mail, tried 3 times: KeyError: 'recipient'")
    assert await parked_now(settings) == 3


async def test_a_message_that_is_not_there_is_an_answer(
    settings: ConsoleSettings, ids: list[str]
) -> None:
    with pytest.raises(NotPossibleError, match="`mailroom replay outbound --list`") as caught:
        await replay(OUTBOUND, message_id="nobody", limit=None)

    assert caught.value.code == Exit.NOT_FINE
    assert await parked_now(settings) == len(ids)


async def test_foreign_message_is_listed_too(
    settings: ConsoleSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    await declare_topology(settings.rabbitmq_url)
    async with open_publisher(settings.rabbitmq_url, name="test") as publisher:
        stranger = Delivered("stranger", b"\xff not JSON", "", {})
        await publisher.publish(parked(stranger, "not a valid message: body", OUTBOUND))

    await show_parked(OUTBOUND, message_id=None, limit=None)

    assert "(not a message of ours), tried 1 times: not a valid" in capsys.readouterr().out


@pytest.mark.usefixtures("settings")
async def test_before_anything_was_applied_the_next_step_is_named() -> None:
    with pytest.raises(NotPossibleError, match="run `mailroom apply FILE`"):
        await show_parked(OUTBOUND, message_id=None, limit=None)


def test_a_queue_is_known_by_its_service_too() -> None:
    assert queue_named("outbound") is queue_named("outbound.work") is OUTBOUND
