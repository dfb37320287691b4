"""`mailroom doctor`: runs every check, whichever others fail, and prints the findings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

from services.console.agent_directory import AgentDirectory
from services.console.broker.connection import count, open_connection, version_of
from services.console.broker.management_api import ManagementApi
from services.console.broker.policies import wrong_policies
from services.console.exit_codes import Exit, NotPossibleError
from services.console.health import findings, flow, flow_findings
from services.console.health.acknowledgements import examine_acknowledgements
from services.console.health.certificate import examine_certificate
from services.console.health.findings import Finding, Mark
from services.console.health.oauth_logins import examine_logins, examine_mailboxes
from services.console.health.virus_scanner import examine_scanner
from services.console.settings import ConsoleSettings, read_settings
from services.console.store import (
    SystemQueries,
    connected_database,
    contact_center_in_force,
)
from services.console.stranded_work import StrandedWork, homes_of, stranded_lines
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import Clock, SystemClock
from shared.domain.deliveries.delivery import DeliveryState
from shared.messaging.connection import virtual_host_of
from shared.messaging.topology import WORK_QUEUES, WorkQueue
from shared.storage.database.client import Database
from shared.storage.database.clock import DatabaseClock
from shared.storage.parked_messages import ParkedStore

Check = Callable[[], AsyncIterator[Finding]]

_PATIENCE: Final = timedelta(seconds=30)
"""Sweeps run every few seconds. A message that is unpublished for longer has no running service."""

_OVERDUE: Final = timedelta(minutes=2)
"""The command for a mail that is due is published again every minute until one pod takes it."""

_NEXT_FIGURES: Final = 6.0
"""Seconds until the broker's figures are new: it counts every five."""

_UNSEEN: Final = timedelta(minutes=45)
"""A mail that hangs the parser is tried again for half an hour at most."""

_MOST_NAMED: Final = 20


async def diagnose() -> Exit:
    """Print one line for each finding; return NOT_FINE if any is bad.

    Raises:
        NotPossibleError: The environment names no servers.
    """
    settings = read_settings()
    all_fine = True
    async for finding in examine(settings, SystemClock()):
        print(finding, flush=True)
        all_fine = all_fine and finding.mark is not Mark.BAD
    return Exit.FINE if all_fine else Exit.NOT_FINE


async def examine(settings: ConsoleSettings, clock: Clock) -> AsyncIterator[Finding]:
    """Yield every finding; a server that is away gives one finding."""
    checks: tuple[Check, ...] = (
        lambda: _broker(settings),
        lambda: _management(settings),
        lambda: _database(settings, clock),
        lambda: examine_certificate(settings.mail_server, clock.now()),
    )
    for check in checks:
        try:
            async for finding in check():
                yield finding
        except NotPossibleError as error:
            yield Finding(Mark.BAD, str(error))


async def _broker(settings: ConsoleSettings) -> AsyncIterator[Finding]:
    async with open_connection(settings.rabbitmq_url) as connection:
        yield findings.fine(f"broker: {version_of(connection)} answers")
        for queue in WORK_QUEUES:
            counts = {name: await count(connection, name) for name in _names(queue)}
            for finding in findings.about_queue(queue, counts):
                yield finding


def _names(queue: WorkQueue) -> tuple[str, ...]:
    return (queue.name, queue.parking, *(room.name for room in queue.waiting_rooms))


async def _management(settings: ConsoleSettings) -> AsyncIterator[Finding]:
    if not settings.management_url:
        yield Finding(
            Mark.NOTE,
            "alarms, bindings and policies of the broker: set RABBITMQ_MANAGEMENT_URL to see them",
        )
        return
    api = ManagementApi(settings.management_url, virtual_host_of(settings.rabbitmq_url))
    yield findings.about_alarms(await api.alarms())
    yield findings.about_bindings(await api.bindings())
    yield findings.about_policies(await wrong_policies(api))
    yield await _consumers(api)


async def _consumers(api: ManagementApi) -> Finding:
    before = await api.unacknowledged()
    if not any(one.messages for one in before.values()):
        return flow_findings.about_unacknowledged(before, before)
    await asyncio.sleep(_NEXT_FIGURES)
    return flow_findings.about_unacknowledged(before, await api.unacknowledged())


async def _database(settings: ConsoleSettings, clock: Clock) -> AsyncIterator[Finding]:
    async with connected_database(settings.mongodb_url) as database:
        database_clock = DatabaseClock(database, clock)
        await database_clock.measure()
        yield findings.about_clock(database_clock.skew)
        async for finding in _server(SystemQueries(database, clock)):
            yield finding
        async for finding in _content(database, clock):
            yield finding
        async for finding in _flow(settings, database, clock):
            yield finding
        center = await contact_center_in_force(database, clock)
        async for finding in examine_logins(database, center, settings):
            yield finding
        async for finding in examine_mailboxes(database, center, database_clock.now()):
            yield finding
        async for finding in examine_acknowledgements(database, center, database_clock.now()):
            yield finding
        async for finding in examine_scanner(center, database_clock.now()):
            yield finding


async def _server(database: SystemQueries) -> AsyncIterator[Finding]:
    facts = await database.facts()
    yield findings.about_replica_set(facts.version, facts.replica_set, facts.members)
    concern = await database.write_durably()
    yield findings.fine(f"database keeps what it acknowledges: w={concern['w']}, j={concern['j']}")


async def _content(database: Database, clock: Clock) -> AsyncIterator[Finding]:
    queries = SystemQueries(database, clock)
    for finding in findings.about_parked(await ParkedStore(database, clock).counts()):
        yield finding
    yield findings.about_outboxes(await queries.owing(_PATIENCE))
    unseen = await queries.unseen(_UNSEEN)
    yield findings.about_unseen(unseen[:_MOST_NAMED], more=len(unseen) > _MOST_NAMED)
    for finding in findings.about_deliveries(
        await queries.deliveries_in(DeliveryState.UNCERTAIN),
        await queries.deliveries_in(DeliveryState.FAILED),
        await queries.deliveries_overdue(_OVERDUE),
    ):
        yield finding
    center = await contact_center_in_force(database, clock)
    directory = AgentDirectory(database, clock)
    for finding in findings.about_contact_center(center, await directory.described()):
        yield finding
    yield findings.about_hashes(await directory.count_hashes())
    if center is not None:
        yield findings.about_stranded(await _stranded(center, StrandedWork(database, clock)))


async def _flow(
    settings: ConsoleSettings, database: Database, clock: Clock
) -> AsyncIterator[Finding]:
    yield flow_findings.about_indexes(await flow.missing_indexes(database))
    for finding in flow_findings.about_deferrals(await flow.deferrals(database)):
        yield finding
    center = await contact_center_in_force(database, clock)
    if center is None:
        return
    waits = [await flow.long_waits(database, queue, clock) for queue in center.queues]
    for finding in flow_findings.about_waiting(waits):
        yield finding
    route = center.smtp_route.replaced(settings.smtp_host, settings.smtp_port, settings.smtp_tls)
    problem = await flow.next_server_problem(route)
    yield flow_findings.about_next_server(f"{route.host}:{route.port}", problem)


async def _stranded(center: ContactCenter, stranded: StrandedWork) -> list[str]:
    found = await stranded.find(homes_of(center, await stranded.disabled()))
    return list(stranded_lines(found, await stranded.user_names()))
