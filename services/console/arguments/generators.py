"""The commands that print or write something and need no server."""

from pathlib import Path

from services.console.arguments.parser import Commands
from services.console.commands.settings import PROGRAMS
from shared.contracts.schemas import FOLDER


def add_commands(commands: Commands) -> None:
    """Add `settings`, `hash-password`, `make-token`, `definitions` and `schemas`."""
    _add_settings(commands)
    _add_hash_password(commands)
    _add_make_token(commands)
    _add_definitions(commands)
    _add_schemas(commands)


def _add_settings(commands: Commands) -> None:
    settings = commands.add_parser(
        "settings",
        help="print every setting of every service: name, default, bounds, description",
        description="Print the variables of the environment that services read, with type and "
        "unit, default, bounds and description. Needs no server.",
    )
    settings.add_argument(
        "program",
        metavar="SERVICE",
        nargs="?",
        choices=PROGRAMS,
        help=f"only those of one: {', '.join(PROGRAMS)}",
    )
    settings.add_argument("--json", action="store_true", help="for machines")


def _add_hash_password(commands: Commands) -> None:
    commands.add_parser(
        "hash-password",
        help="print the hash of a password, for the description",
        description="Ask for a password, or read it from standard input, and print its argon2id "
        "hash (RFC 9106: 64 MiB of memory, 3 passes, 4 lanes).",
    )


def _add_make_token(commands: Commands) -> None:
    make_token = commands.add_parser(
        "make-token",
        help="print a new token for programs that hand in mail, and its digest",
        description="Print a new token, and the entry under `tokens` that knows only its digest. "
        "A mailbox lets it in with `drop: {tokens: [NAME]}`.",
    )
    make_token.add_argument("name", metavar="NAME", help="a name for the program, such as web-form")


def _add_definitions(commands: Commands) -> None:
    definitions = commands.add_parser(
        "definitions",
        help="print what the broker loads at each start: users, exchanges, policies",
        description="Print a definitions file (JSON) for RabbitMQ's `load_definitions`: virtual "
        "host, users with hashed passwords, permissions, exchanges and policies. A broker that "
        "loads definitions makes no user of its own: set the passwords first.",
    )
    definitions.add_argument(
        "--virtual-host", metavar="NAME", default="/", help="the one that services use (/)"
    )


def _add_schemas(commands: Commands) -> None:
    schemas = commands.add_parser(
        "schemas",
        help="write the JSON Schema of every command and event",
        description="Write one JSON Schema for each command and event. Refuses where a field "
        "would disappear on which another version relies.",
    )
    schemas.add_argument(
        "--into", metavar="FOLDER", type=Path, default=FOLDER, help="instead of the sources"
    )
