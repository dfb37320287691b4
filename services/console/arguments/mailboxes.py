"""The commands about fetched mailboxes and OAuth logins."""

from services.console.arguments.parser import Commands


def add_commands(commands: Commands) -> None:
    """Add `mailboxes`, `look`, `backfill` and `authorize`."""
    _add_mailboxes(commands)
    _add_look(commands)
    _add_backfill(commands)
    _add_authorize(commands)


def _add_mailboxes(commands: Commands) -> None:
    mailboxes = commands.add_parser(
        "mailboxes",
        help="show the mailboxes whose mail is fetched, and what is wrong with them",
        description="Print a line for each fetched mailbox: state, last look, mails today, and "
        "for a sick one what is wrong and what to do. Exits with 1 where one is sick.",
    )
    mailboxes.add_argument("address", metavar="ADDRESS", nargs="?", help="only this one, in full")


def _add_look(commands: Commands) -> None:
    look = commands.add_parser(
        "look",
        help="have a mailbox looked into now",
        description="End the pause after a fault, and look into every folder of a mailbox at once.",
    )
    look.add_argument("address", metavar="ADDRESS")


def _add_backfill(commands: Commands) -> None:
    backfill = commands.add_parser(
        "backfill",
        help="fetch older mail of a mailbox",
        description="Go through the folders of a mailbox once more, and fetch mails since a day "
        "that are not here yet, also those that were left out. Safe to repeat.",
    )
    backfill.add_argument("address", metavar="ADDRESS")
    backfill.add_argument("--since", metavar="DATE", required=True, help="such as 2026-11-01")
    backfill.add_argument("--dry-run", action="store_true", help="only count them")


def _add_authorize(commands: Commands) -> None:
    authorize = commands.add_parser(
        "authorize",
        help="have a person agree to a login as them (OAuth logins of the kind device)",
        description="Print an address and a code, wait until somebody has agreed there, and keep "
        "the consent, sealed under MAILROOM_SEALING_KEY. Needed once, and again where the consent "
        "was taken back.",
    )
    authorize.add_argument("name", metavar="NAME", help="a login's name under `oauth`")
    authorize.add_argument(
        "user_name", metavar="USER", nargs="?", help="who logs in, where several do by this login"
    )
    authorize.add_argument(
        "--for-another", action="store_true", help="somebody else may agree, for a shared mailbox"
    )
