"""The commands that put the system in force and say how it is."""

from pathlib import Path

from services.console.arguments.parser import Commands


def add_commands(commands: Commands) -> None:
    """Add `apply`, `doctor` and `restored`."""
    _add_apply(commands)
    _add_doctor(commands)
    _add_restored(commands)


def _add_apply(commands: Commands) -> None:
    apply = commands.add_parser(
        "apply",
        help="put a description of the contact center in force",
        description="Put a description in force and print what changed. Safe to repeat. "
        "Agents who are not described any more are disabled, never deleted. Also makes the "
        "database's indexes and the broker's queues; where RABBITMQ_MANAGEMENT_URL is set, the "
        "broker's policies; and where passwords are given, the users of services (those of the "
        "database where MONGODB_ADMIN_URL is set). Refuses to strand work: mail whose queue or "
        "workbin is taken out, drafts and workbins of agents who go.",
    )
    apply.add_argument("file", metavar="FILE", type=Path, help="usually contact-center.yaml")
    apply.add_argument(
        "--dry-run", action="store_true", help="only check the file and print what would change"
    )
    stranded = apply.add_mutually_exclusive_group()
    stranded.add_argument(
        "--move-to", metavar="QUEUE", help="move work that would be stranded to this queue"
    )
    stranded.add_argument(
        "--yes",
        action="store_true",
        help="move it to the queue `unassigned`, which agents who are administrators serve",
    )


def _add_doctor(commands: Commands) -> None:
    commands.add_parser(
        "doctor",
        help="say what is wrong, and what to do about it",
        description="Look at broker, database, queues, outgoing mail, logins and mailboxes. Prints "
        "a line for each: ok, bad (with what to do next) or -- (good to know). Exits with 0 where "
        "nothing is bad.",
    )


def _add_restored(commands: Commands) -> None:
    commands.add_parser(
        "restored",
        help="say that the database was restored from a backup",
        description="Run this after a restore, before services start. Mails that were on their "
        "way when the backup was taken may have left since: they are held as mails in doubt "
        "(`mailroom doubts`). Clients of agents are told to start over, because the backup would "
        "give positions of the journal again.",
    )
