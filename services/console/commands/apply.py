"""`mailroom apply`: puts a description in force and prints the changes."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.console.accounts import BROKER, DATABASE, accounts_of
from services.console.agent_directory import AgentDirectory, LoginMove
from services.console.apply_plan import (
    ApplyPlan,
    StrandedWorkChoice,
    make_apply_plan,
    require_choice,
)
from services.console.broker.connection import open_connection
from services.console.broker.management_api import ManagementApi
from services.console.broker.policies import put_policies
from services.console.broker.users import put_broker_users
from services.console.database_users import put_database_users
from services.console.description.changes import agent_changes, settings_changes
from services.console.description.reader import read_description
from services.console.earlier_mails import complete_earlier_mails
from services.console.health.mailbox_passwords import unset_passwords
from services.console.health.oauth_logins import refuse_unusable_logins
from services.console.health.unmet_needs import unmet_needs
from services.console.settings import ConsoleSettings, read_settings
from services.console.store import connected_database, contact_center_in_force
from services.console.stranded_work import StrandedWork
from shared.contracts.contact_center import ContactCenter
from shared.domain.clock import Clock
from shared.messaging.connection import virtual_host_of
from shared.messaging.declaration import declare_topology
from shared.storage.configuration_store import KEPT_FOR, ConfigurationStore
from shared.storage.database.client import Database, require_replica_set
from shared.storage.database.clock import DatabaseClock
from shared.storage.former_indexes import drop_former_indexes
from shared.storage.indexes import create_indexes
from shared.storage.mails.mailbox_store import MailboxStore

_NO_CHOICE: Final = StrandedWorkChoice()
_SAME: Final = "nothing would change"
_LATENCY: Final = timedelta(seconds=1)
"""A service may still write by the former description for so long after its last read of it."""


async def apply(file: Path, *, dry_run: bool, choice: StrandedWorkChoice = _NO_CHOICE) -> None:
    """Put a file in force and print what changed; a dry run only prints what would change.

    Both note passwords of mailboxes that are not set here, as fetching may run elsewhere, and
    screening rules that need skills which no agent has.

    Raises:
        NotPossibleError: The file has problems, the environment names no servers or lacks what a
            login needs, a server does not answer, or work would be stranded. Running it again is
            always safe.
    """
    wanted = read_description(file)
    settings = read_settings()
    refuse_unusable_logins(wanted, settings.sealing_key.get_secret_value())
    notes = [
        f"note: {words}" for words in (*unset_passwords(wanted).values(), *unmet_needs(wanted))
    ]
    lines = [] if dry_run else await prepare_users(settings)
    async with connected_database(settings.mongodb_url) as database:
        await require_replica_set(database)
        # Services write by this clock until when they are present.
        clock = DatabaseClock(database)
        await clock.measure()
        if dry_run:
            would = await differences(database, clock, wanted, choice) or [_SAME]
            print("\n".join(would + notes))
            return
        plan = await plan_apply(database, clock, wanted, choice)
        lines += await prepare_broker(settings)
        lines += await put_in_force(database, clock, plan.wanted)
        if completed := await complete_earlier_mails(database):
            lines.append(f"mails of an earlier release that search and order know now: {completed}")
        lines += [f"index {one}: dropped" for one in await drop_former_indexes(database)]
        lines += await move_stranded(database, clock, plan)
        if plan.removes:
            print("waiting until every service has read the description", file=sys.stderr)
            await asyncio.sleep((KEPT_FOR + _LATENCY).total_seconds())
            lines += await move_stranded(database, clock, plan)
    print("\n".join((lines or ["nothing changed"]) + notes))
    if not settings.management_url:
        print("note: the broker's policies are not checked without RABBITMQ_MANAGEMENT_URL")


async def plan_apply(
    database: Database, clock: Clock, wanted: ContactCenter, choice: StrandedWorkChoice
) -> ApplyPlan:
    """Return what an apply would put in force and move, without changing anything.

    Raises:
        NotPossibleError: It would strand work, and the operator has not said where that goes.
    """
    return require_choice(await _plan(database, clock, wanted, choice))


async def move_stranded(database: Database, clock: Clock, plan: ApplyPlan) -> list[str]:
    """Move stranded work as planned; return lines for the operator."""
    stranded = StrandedWork(database, clock)
    found = await stranded.find(plan.homes)
    moved = await stranded.move(found, plan.homes, plan.queue)
    lines = [f"{moved} stranded interactions: moved"] if moved else []
    if len(found) > moved:
        lines.append(
            f"note: {len(found) - moved} interactions cannot be found by any agent; "
            "`mailroom doctor` lists them, --move-to QUEUE or --yes moves them"
        )
    return lines


async def differences(
    database: Database, clock: Clock, wanted: ContactCenter, choice: StrandedWorkChoice
) -> list[str]:
    """Return what an apply would change, and what it would strand."""
    plan = await _plan(database, clock, wanted, choice)
    about_settings, about_agents = await _differences(database, clock, plan.wanted)
    return [*about_settings, *about_agents, *(f"strands {line}" for line in plan.lines)]


async def _plan(
    database: Database, clock: Clock, wanted: ContactCenter, choice: StrandedWorkChoice
) -> ApplyPlan:
    before = await contact_center_in_force(database, clock)
    stored = await AgentDirectory(database, clock).described()
    return await make_apply_plan(StrandedWork(database, clock), before, stored, wanted, choice)


async def prepare_users(settings: ConsoleSettings) -> list[str]:
    """Create users for services, if passwords and the administrators' addresses are set.

    Users come before everything else, because the operator's own user may be one of them.
    """
    lines: list[str] = []
    if settings.management_url and (users := accounts_of(BROKER)):
        virtual_host = virtual_host_of(settings.rabbitmq_url)
        lines += await put_broker_users(ManagementApi(settings.management_url, virtual_host), users)
    if settings.mongodb_admin_url and (users := accounts_of(DATABASE)):
        lines += await put_database_users(settings.mongodb_admin_url, settings.mongodb_url, users)
    return lines


async def prepare_broker(settings: ConsoleSettings) -> list[str]:
    """Declare exchanges, queues and bindings, and policies if the management API is known.

    Returns one line for each policy that was put in force.
    """
    async with open_connection(settings.rabbitmq_url):
        await declare_topology(settings.rabbitmq_url)
    if not settings.management_url:
        return []
    virtual_host = virtual_host_of(settings.rabbitmq_url)
    return await put_policies(ManagementApi(settings.management_url, virtual_host))


async def put_in_force(database: Database, clock: Clock, wanted: ContactCenter) -> list[str]:
    """Write what differs from what is in force; return one line for each difference."""
    await create_indexes(database)
    directory = AgentDirectory(database, clock)
    move = await directory.move_logins()
    about_settings, about_agents = await _differences(database, clock, wanted)
    # Queues come first: an agent must never serve a queue that services do not know.
    if about_settings:
        await ConfigurationStore(database, clock).write(wanted)
    # From this moment on mail of a folder counts, whenever a pod of fetching starts.
    await MailboxStore(database).add_described(wanted, clock.now())
    # An earlier release writes all logins where it knows them: what it disabled meanwhile is only
    # there, and the description has the last word.
    if about_agents or move.hashes:
        await directory.write(wanted.agents)
    return [*about_settings, *about_agents, *_login_move_lines(move)]


def _login_move_lines(move: LoginMove) -> list[str]:
    lines = []
    if move.hashes:
        lines.append(f"password hashes of {move.hashes} agents: moved to a collection of their own")
    if move.waiting_for:
        lines.append(
            f"note: {move.waiting_for} gateways of an earlier release run, so password hashes stay "
            "where routing can read them: run `mailroom apply` again when they have gone"
        )
    return lines


async def _differences(
    database: Database, clock: Clock, wanted: ContactCenter
) -> tuple[list[str], list[str]]:
    stored = await AgentDirectory(database, clock).described()
    before = await contact_center_in_force(database, clock)
    return settings_changes(before, wanted), agent_changes(stored, wanted)
