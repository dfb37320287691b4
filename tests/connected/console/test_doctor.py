"""The doctor finds a healthy system healthy, and names what is broken whatever else is."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.processes.ports import free_port
from services.console.broker.connection import open_connection
from services.console.broker.management_api import ManagementApi, UnacknowledgedCount
from services.console.commands.apply import apply
from services.console.commands.doctor import diagnose, examine
from services.console.exit_codes import Exit
from services.console.health.findings import Mark
from services.console.settings import ConsoleSettings
from shared.contracts.description.files import VirusScanner
from shared.domain.clock import SystemClock
from shared.messaging.connection import virtual_host_of
from shared.messaging.topology import INGEST, WORK_QUEUES, WorkQueue
from shared.storage.database.client import Database
from shared.storage.interactions.interaction_documents import to_document
from tests.connected.console.test_replay import park
from tests.doubles.smtp_sink import running_sink
from tests.fixtures.virus_scanner import running_virus_scanner
from tests.unit.domain.examples import inbound

pytestmark = pytest.mark.connected

CHECKOUT = Path(__file__).parents[3]
DEMO = CHECKOUT / "deploy" / "local" / "contact-center.yaml"
CLOCK = SystemClock()
NOTHING_HELD = UnacknowledgedCount(0, 0)
START_INGEST = "start the ingest service, or look into its log"


@pytest_asyncio.fixture
async def applied(
    settings: ConsoleSettings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ConsoleSettings]:
    """A system that the demo was applied to, with a mail server that answers."""
    await apply(DEMO, dry_run=False)
    capsys.readouterr()
    async with running_sink() as sink:
        monkeypatch.setenv("OUTBOUND_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("OUTBOUND_SMTP_PORT", str(sink.port))
        yield settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": sink.port})


async def acknowledge(message: AbstractIncomingMessage) -> None:
    await message.ack()


async def keep(_: AbstractIncomingMessage) -> None:
    """Hold a message and never settle it."""


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
    await opened["agents"].update_many({}, {"$set": {"enabled": False, "password_hash": "kept"}})

    async with AsyncExitStack() as stack:
        await consuming(stack, applied.rabbitmq_url, *WORK_QUEUES)
        lines = await bad_lines(applied)

    assert [line.partition(":")[0] for line in lines] == [
        "bad  queue outbound.work.dead holds 1 parked messages",
        "bad  messages not published for more than 30 seconds",
        "bad  mails whose delivery is uncertain",
        "bad  mails overdue for their next try",
        "bad  mailbox support@demo.example",
        "bad  mailbox sales@demo.example",
        "bad  password hashes that routing can read and change",
    ]


async def test_messages_that_a_consumer_holds_and_never_settles_are_named(
    applied: ConsoleSettings,
) -> None:
    api = ManagementApi(applied.management_url, virtual_host_of(applied.rabbitmq_url))

    async def is_held() -> bool:
        return api_held.get(INGEST.name, NOTHING_HELD).messages == 1

    async with AsyncExitStack() as stack:
        await consuming(stack, applied.rabbitmq_url, *(set(WORK_QUEUES) - {INGEST}))
        connection = await stack.enter_async_context(open_connection(applied.rabbitmq_url))
        channel = await connection.channel()
        await (await channel.get_queue(INGEST.name, ensure=False)).consume(keep)
        await channel.default_exchange.publish(Message(b"{}"), INGEST.name)
        api_held: dict[str, UnacknowledgedCount] = {}
        while not await is_held():
            api_held = await api.unacknowledged()

        lines = await bad_lines(applied)

    assert len(lines) == 1
    assert "hold and do not acknowledge: 1 of ingest.work (service ingest)" in lines[0]


async def test_mail_that_does_not_move_is_named(applied: ConsoleSettings, opened: Database) -> None:
    old, soon = CLOCK.now() - timedelta(days=2), CLOCK.now() + timedelta(minutes=5)
    await opened["interactions"].insert_one(
        to_document(inbound(queue="support", queued_at=old)) | {"outbox": []}
    )
    await opened["deliveries"].insert_one(
        {
            "_id": "MAIL1",
            "state": "DEFERRED",
            "reason": "451 come\x1b[2J back\r\nlater",
            "next_attempt_at": soon,
        }
    )
    await opened["interactions"].drop_index("waiting-by-rank")
    away = applied.model_copy(update={"smtp_port": free_port()})

    async with AsyncExitStack() as stack:
        await consuming(stack, applied.rabbitmq_url, *WORK_QUEUES)
        lines = [str(one) async for one in examine(away, CLOCK)]

    bad = [line for line in lines if line.startswith("bad")]
    assert [line.partition(":")[0] for line in bad] == [
        "bad  indexes missing",
        "bad  queue support",
        "bad  next mail server 127.0.0.1",
    ]
    assert "interactions.waiting" in bad[0]
    assert "longer than 1 day" in bad[1]
    (deferred,) = [line for line in lines if "tried again" in line]
    assert deferred.endswith("1 for: 451 come [2J back later")


async def test_waiting_mail_of_an_earlier_release_is_counted(
    applied: ConsoleSettings, opened: Database
) -> None:
    old = CLOCK.now() - timedelta(days=2)
    document = to_document(inbound(queue="support", queued_at=old)) | {"outbox": []}
    del document["rank"]
    await opened["interactions"].insert_one(document)

    lines = await bad_lines(applied)

    assert any("queue support: mails that wait for longer than 1 day" in one for one in lines)


async def test_a_queue_says_how_long_its_mail_may_wait(
    applied: ConsoleSettings, opened: Database
) -> None:
    await opened["configuration"].update_one(
        {}, {"$set": {"content.queues.0.longest_wait": "PT1M"}}
    )
    waiting = inbound(queue="support", queued_at=CLOCK.now() - timedelta(minutes=2))
    await opened["interactions"].insert_one(to_document(waiting) | {"outbox": []})

    lines = await bad_lines(applied)

    assert any("queue support: mails that wait for longer than 0:01:00" in one for one in lines)


async def scanner_line(settings: ConsoleSettings, database: Database, scanner: VirusScanner) -> str:
    """Return what the doctor says about a virus scanner."""
    await database["configuration"].update_one(
        {}, {"$set": {"content.virus_scanner": scanner.model_dump()}}
    )
    found = [str(one) async for one in examine(settings, CLOCK)]
    (line,) = [one for one in found if "virus scanner" in one]
    return line


async def test_scanner_is_asked_for_a_verdict(applied: ConsoleSettings, opened: Database) -> None:
    async with running_virus_scanner() as scanner:
        line = await scanner_line(applied, opened, scanner)

    assert line.startswith(f"ok   virus scanner 127.0.0.1:{scanner.port}: ClamAV 1")
    assert line.endswith(", scans files")


async def test_scanner_that_calls_unread_files_clean_is_bad(
    applied: ConsoleSettings, opened: Database
) -> None:
    async with running_virus_scanner(alerts=False) as scanner:
        line = await scanner_line(applied, opened, scanner)

    assert line.startswith(f"bad  virus scanner 127.0.0.1:{scanner.port}: ClamAV 1")
    assert "AlertExceedsMax yes" in line


async def test_scanner_that_is_away_is_bad(applied: ConsoleSettings, opened: Database) -> None:
    away = VirusScanner(host="127.0.0.1", port=free_port())

    line = await scanner_line(applied, opened, away)

    where = f"127.0.0.1:{away.port}"
    assert line.startswith(
        f"bad  virus scanner {where} cannot be used from here: no virus scanner answers at {where}"
    )


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


async def test_a_wrong_virtual_host_is_a_sentence(settings: ConsoleSettings) -> None:
    host = settings.rabbitmq_url.rpartition("/")[0]
    lines = await bad_lines(settings.model_copy(update={"rabbitmq_url": f"{host}/nowhere"}))

    assert lines[0].startswith("bad  the broker cannot be reached: it has no virtual host nowhere")
    assert "<" not in lines[0]


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
