"""Mail is parsed where it arrives while there is room; the queue gets the rest."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.ingest.direct_parsing import DirectParsing
from shared.background_tasks import StopDeadline
from shared.contracts.commands import ParseMail
from shared.domain.errors import Unavailable
from shared.domain.mail_envelope import MailEnvelope
from shared.mail.parsed_mail import ParsedMail
from shared.messaging.topology import INGEST
from shared.storage.mails.arrival_store import StoredArrival
from tests.connected.messaging.queues import waiting_in
from tests.support.backend import Backend
from tests.support.ingest import MAIL, Ingest, envelope

pytestmark = pytest.mark.connected

PATIENCE = timedelta(seconds=10)


def deadline(seconds: float = 25) -> StopDeadline:
    return StopDeadline(timedelta(seconds=seconds))


async def take(parsing: DirectParsing) -> str:
    return await parsing.add(MAIL, envelope())


async def test_a_mail_is_parsed_without_the_broker(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )

    async with parsing.running():
        arrival_id = await take(parsing)

    assert await backend.database["interactions"].count_documents({"arrival_id": arrival_id}) == 1
    assert await waiting_in(vhost_url, INGEST.name) == 0


async def test_mail_is_read_while_it_is_stored(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ParsedMail] = []
    has_read = asyncio.Event()
    parse, store = ingest.parsing._parser.parse, ingest.arrivals.store

    async def noted(*arguments: Any, **options: Any) -> ParsedMail:
        read.append(await parse(*arguments, **options))
        has_read.set()
        return read[-1]

    async def slow(raw: bytes, of_mail: MailEnvelope) -> StoredArrival:
        await has_read.wait()
        return await store(raw, of_mail)

    monkeypatch.setattr(ingest.parsing._parser, "parse", noted)
    monkeypatch.setattr(ingest.arrivals, "store", slow)
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )

    async with asyncio.timeout(30), parsing.running():
        arrival_id = await take(parsing)

    assert await backend.database["interactions"].count_documents({"arrival_id": arrival_id}) == 1
    assert len(read) == 1


async def test_mail_that_is_read_but_not_stored_comes_to_nothing(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ingest.arrivals.store

    async def fail(*_: object) -> StoredArrival:
        raise Unavailable("the database is away")

    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )
    async with parsing.running():
        monkeypatch.setattr(ingest.arrivals, "store", fail)
        for _ in range(4):
            with pytest.raises(Unavailable):
                await take(parsing)
        monkeypatch.setattr(ingest.arrivals, "store", store)
        arrival_id = await take(parsing)

    stored = await backend.database["interactions"].find({}, {"arrival_id": 1}).to_list()
    assert [one["arrival_id"] for one in stored] == [arrival_id]


async def test_mail_without_room_goes_to_the_queue(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=0, patience=timedelta(0), deadline=deadline()
    )

    async with parsing.running():
        await take(parsing)
    await ingest.outbox_publisher.finish()

    assert await backend.database["interactions"].count_documents({}) == 0
    assert await waiting_in(vhost_url, INGEST.name) == 1


async def test_a_sender_waits_a_moment_for_room(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )

    async with parsing.running():
        await asyncio.gather(*(take(parsing) for _ in range(5)))
    await ingest.outbox_publisher.finish()

    assert await waiting_in(vhost_url, INGEST.name) == 0
    assert await backend.database["arrivals"].count_documents({}) == 5


async def test_mail_that_fails_goes_to_the_queue(
    backend: Backend, ingest: Ingest, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(ingest.parsing, "parse_arrival", fail)
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )

    async with parsing.running():
        await take(parsing)
    await ingest.outbox_publisher.finish()

    assert await waiting_in(vhost_url, INGEST.name) == 1
    assert await backend.database["interactions"].count_documents({}) == 0


async def test_commands_of_a_dead_process_are_swept(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    stored = await ingest.arrivals.store(MAIL, envelope("x@y"))

    await ingest.outbox_publisher.sweep(backend.clock.now() + timedelta(seconds=1))

    assert await waiting_in(vhost_url, INGEST.name) == 1
    assert ParseMail.address == stored.order.routing_key


async def test_a_mail_that_was_parsed_is_not_swept(backend: Backend, ingest: Ingest) -> None:
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )
    async with parsing.running():
        arrival_ids = await asyncio.gather(*(take(parsing) for _ in range(3)))

    await ingest.outbox_publisher.finish()

    for arrival_id in arrival_ids:
        assert (await backend.newest("arrivals", arrival_id))["outbox"] == []


async def test_mail_that_waits_for_its_parser_is_not_ordered_again(
    backend: Backend, ingest: Ingest, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def wait(*_: object) -> None:
        begun.set()
        await going_on.wait()

    monkeypatch.setattr(ingest.parsing, "parse_arrival", wait)
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )

    async with parsing.running():
        await take(parsing)
        waiting = asyncio.create_task(take(parsing))
        try:
            await begun.wait()
            while len(parsing._in_hand) < 2:
                await asyncio.wait([waiting], timeout=0)
            backend.clock.move(timedelta(seconds=30))
            await parsing.postpone_sweep()
            await ingest.outbox_publisher.sweep_forgotten(backend.clock.now())
        finally:
            going_on.set()
            await waiting
    await ingest.outbox_publisher.finish()

    assert await waiting_in(vhost_url, INGEST.name) == 0


async def test_mail_that_is_not_parsed_at_the_deadline_is_left_to_others(
    backend: Backend, ingest: Ingest, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(ingest.parsing, "parse_arrival", hang)
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline(0)
    )

    async with asyncio.timeout(10), parsing.running():
        await take(parsing)
        await begun.wait()
    backend.clock.move(timedelta(seconds=30))
    await ingest.outbox_publisher.sweep_forgotten(backend.clock.now())

    assert await waiting_in(vhost_url, INGEST.name) == 1


async def test_mail_whose_sender_gave_up_waiting_is_left_to_the_sweep(
    backend: Backend, ingest: Ingest, vhost_url: str
) -> None:
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )
    await parsing._room.acquire()
    waiting = asyncio.create_task(take(parsing))
    while not await backend.database["arrivals"].count_documents({}):
        await asyncio.wait([waiting], timeout=0)
    waiting.cancel()
    await asyncio.wait([waiting])

    backend.clock.move(timedelta(seconds=30))
    await parsing.postpone_sweep()
    await ingest.outbox_publisher.sweep_forgotten(backend.clock.now())

    assert await waiting_in(vhost_url, INGEST.name) == 1


async def test_the_autoscaler_sees_load_that_the_queue_does_not(
    ingest: Ingest, vhost_url: str
) -> None:
    parsing = DirectParsing(
        ingest.arrivals, ingest.parsing, at_once=1, patience=PATIENCE, deadline=deadline()
    )

    def in_hand() -> float:
        return REGISTRY.get_sample_value("mailroom_ingest_mails_in_hand") or 0

    async with parsing.running(), asyncio.TaskGroup() as senders:
        for _ in range(6):
            senders.create_task(take(parsing))
        waiting = 0
        async with asyncio.timeout(20):
            while in_hand() < 3:
                waiting += await waiting_in(vhost_url, INGEST.name)

    assert waiting == 0
    assert in_hand() == 0
