"""The doctor finds a healthy system healthy, and names what is broken whatever else is."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aio_pika.abc import AbstractIncomingMessage

from services.console.applying import apply
from services.console.broker import open_connection
from services.console.doctor import diagnose, examine
from services.console.exits import Exit
from services.console.findings import Mark
from services.console.settings import ConsoleSettings
from shared.domain.clock import SystemClock
from shared.messaging.topology import INGEST, WORK_QUEUES, WorkQueue
from shared.storage.client import Database
from tests.connected.console.test_replaying import park

pytestmark = pytest.mark.connected

CHECKOUT = Path(__file__).parents[3]
DEMO = CHECKOUT / "deploy" / "local" / "contact-center.yaml"
CLOCK = SystemClock()
START_INGEST = "start the ingest service, or look into its log"


@pytest_asyncio.fixture
async def applied(settings: ConsoleSettings, capsys: pytest.CaptureFixture[str]) -> ConsoleSettings:
    """A system that the demo was applied to."""
    await apply(DEMO, dry_run=False)
    capsys.readouterr()
    return settings


async def acknowledge(message: AbstractIncomingMessage) -> None:
    await message.ack()


async def consuming(stack: AsyncExitStack, url: str, *queues: WorkQueue) -> None:
    connection = await stack.enter_async_context(open_connection(url))
    channel = await connection.channel()
    for queue in queues:
        consumed = await channel.get_queue(queue.name, ensure=False)
        await consumed.consume(acknowledge)


async def bad_lines(settings: ConsoleSettings) -> list[str]:
    found = [one async for one in examine(settings, CLOCK)]
    return [str(one) for one in found if one.mark is Mark.BAD]


async def test_a_healthy_system_is_fine(
    applied: ConsoleSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with AsyncExitStack() as stack:
        await consuming(stack, applied.rabbitmq_url, *WORK_QUEUES)

        code = await diagnose()

    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert any("RabbitMQ" in line for line in lines)
    assert any("w=majority, j=True" in line for line in lines)
    assert any("mailbox support@demo.example: queue support, agents 2" in line for line in lines)
    assert code == Exit.FINE


async def test_a_service_that_does_not_run_is_named(applied: ConsoleSettings) -> None:
    async with AsyncExitStack() as stack:
        await consuming(stack, applied.rabbitmq_url, *(set(WORK_QUEUES) - {INGEST}))

        lines = await bad_lines(applied)

    assert lines == ["bad  queue ingest.work has no consumer, and 0 messages: " + START_INGEST]


async def test_each_broken_thing_is_found(applied: ConsoleSettings, opened: Database) -> None:
    past = CLOCK.now() - timedelta(minutes=10)
    await park(applied, "MAIL1")
    await opened["interactions"].insert_one({"_id": "MAIL1", "outbox": [{"at": past}]})
    await opened["deliveries"].insert_many(
        [
            {"_id": "MAIL2", "state": "UNCERTAIN"},
            {"_id": "MAIL3", "state": "DEFERRED", "next_attempt_at": past},
        ]
    )
    await opened["agents"].update_many({}, {"$set": {"enabled": False}})

    async with AsyncExitStack() as stack:
        await consuming(stack, applied.rabbitmq_url, *WORK_QUEUES)
        lines = await bad_lines(applied)

    assert [line.partition(":")[0] for line in lines] == [
        "bad  queue outbound.work.dead holds 1 parked messages",
        "bad  announcements owed for more than 30 seconds",
        "bad  mails of which nobody knows whether they were delivered",
        "bad  mails overdue for their next try",
        "bad  mailbox support@demo.example",
        "bad  mailbox sales@demo.example",
    ]


@pytest.mark.usefixtures("settings")
async def test_before_anything_is_applied_everything_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = await diagnose()

    bad = [line for line in capsys.readouterr().out.splitlines() if line.startswith("bad")]
    assert [line for line in bad if "mailroom apply" not in line] == []
    assert any("no contact center yet" in line for line in bad)
    assert any("queues missing: routing.work" in line for line in bad)
    assert any("bindings missing" in line for line in bad)
    assert any("policies missing" in line for line in bad)
    assert code == Exit.NOT_FINE


async def test_servers_that_are_away_are_one_sentence_each() -> None:
    nowhere = {
        "RABBITMQ_URL": "amqp://user:secret@127.0.0.1:1/",
        "MONGODB_URL": "mongodb://user:secret@127.0.0.1:1/mailroom",
        "RABBITMQ_MANAGEMENT_URL": "http://user:secret@127.0.0.1:1",
    }
    command = [sys.executable, "-m", "services.console", "doctor"]

    ended = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=CHECKOUT,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line.partition(":")[0] for line in ended.stdout.splitlines()] == [
        "bad  the broker cannot be reached",
        "bad  the management API of RabbitMQ does not answer",
        "bad  the database cannot be used",
    ]
    assert (ended.returncode, ended.stderr) == (Exit.NOT_FINE, "")
    assert "secret" not in ended.stdout


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("rabbitmq_url", "localhost", "RABBITMQ_URL"),
        ("mongodb_url", "http://localhost/", "MONGODB_URL"),
        ("mongodb_url", "mongodb://127.0.0.1:1/mailroom?w=1", "write concern"),
        ("management_url", "localhost:15672", "RABBITMQ_MANAGEMENT_URL"),
    ],
)
async def test_a_wrong_address_is_named(
    settings: ConsoleSettings, field: str, value: str, words: str
) -> None:
    lines = await bad_lines(settings.model_copy(update={field: value}))

    assert any(words in line for line in lines)


async def test_a_wrong_password_is_a_sentence(settings: ConsoleSettings) -> None:
    wrong = settings.rabbitmq_url.replace("://", "://stranger:wrong@", 1).split("@")
    lines = await bad_lines(settings.model_copy(update={"rabbitmq_url": f"{wrong[0]}@{wrong[-1]}"}))

    assert lines[0].startswith("bad  the broker cannot be reached")
    assert "wrong" not in lines[0]
