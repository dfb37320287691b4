"""The arguments of `mailroom`."""

import argparse
import re
from pathlib import Path
from typing import NoReturn, TypeAlias

from services.console.commands.discarded import MOST_LISTED
from services.console.commands.screen import MOST_MAILS
from services.console.commands.settings import PROGRAMS
from services.console.exit_codes import Exit
from shared.contracts.schemas import FOLDER
from shared.messaging.topology import WORK_QUEUES

_ENVIRONMENT = """\
environment:
  RABBITMQ_URL, MONGODB_URL and so on: `mailroom settings console` describes them
  RABBITMQ_PASSWORD_INGEST, MONGODB_PASSWORD_INGEST and so on, or files of these names in
  PASSWORDS_FOLDER         the passwords of the users that services have of their own
  USER_PREFIX              prefix of the names of these users (mailroom)
  and, where an OAuth login is used, the variables that it names

exit codes:
  0 all well   1 the doctor found something   64 wrong command   65 wrong file
  69 a server does not answer   73 cannot write   78 wrong environment
"""


class Parser(argparse.ArgumentParser):
    """A parser that ends with the code that sysexits has for a wrong command."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong."""
        self.print_usage()
        self.exit(Exit.USAGE, f"{self.prog}: {message}\n")


def parser() -> Parser:
    """Return the parser of the whole command line."""
    root = Parser(
        prog="mailroom",
        description="Describe the contact center, and see how the system is.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(
        dest="command", title="commands", metavar="COMMAND", required=True
    )
    _add_apply(commands)
    _add_doctor(commands)
    _add_replay(commands)
    _add_discard(commands)
    _add_trace(commands)
    _add_parse(commands)
    _add_screen(commands)
    _add_doubts(commands)
    _add_restored(commands)
    _add_mailboxes(commands)
    _add_contact(commands)
    _add_discarded(commands)
    _add_authorize(commands)
    _add_settings(commands)
    _add_hash_password(commands)
    _add_make_token(commands)
    _add_generators(commands)
    return root


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 - it has no other name


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


def _add_replay(commands: Commands) -> None:
    known = ", ".join(queue.service for queue in WORK_QUEUES)
    replay = commands.add_parser(
        "replay",
        help="put parked messages back on their work queue",
        description="Put messages of a parking queue back on their work queue, oldest first. "
        "Handling a message twice does no harm. Prints what is done again, and "
        "which messages were parked for a reason that a retry does not cure.",
    )
    replay.add_argument("queue", metavar="QUEUE", help=f"one of {known}")
    replay.add_argument(
        "--list", action="store_true", help="only show them: id, time, type, reason"
    )
    replay.add_argument("--id", metavar="MESSAGE_ID", help="only this message")
    replay.add_argument("--limit", metavar="N", type=_positive, help="at most so many messages")


def _add_parse(commands: Commands) -> None:
    parse = commands.add_parser(
        "parse",
        help="parse a mail again that arrived and became no interaction",
        description="Order an arrival to be parsed. Interactions that it has already stay as they "
        "are.",
    )
    parse.add_argument("arrival", metavar="ARRIVAL_ID", help="as `mailroom doctor` names it")


def _add_trace(commands: Commands) -> None:
    trace = commands.add_parser(
        "trace",
        help="show the history of one mail: received, where it is, whether it was sent",
        description="Print what the database holds about a mail: its arrival, its interactions and "
        "who has them, its answers, and each attempt to deliver it. Exits with 1 where nothing is "
        "known.",
    )
    trace.add_argument(
        "message_id", metavar="MESSAGE-ID", help="with or without <>, or an interaction's id"
    )


def _add_screen(commands: Commands) -> None:
    screen = commands.add_parser(
        "screen",
        help="show what the screening rules do with a mail, without doing it",
        description="Try the rules of `screening` on a mail file or on stored mails, and print "
        "which of them meet, what each does and what would become of the mail. Changes nothing. "
        "With --description the rules of a file are tried before they are applied; a mail file "
        "needs no server then.",
    )
    which = screen.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "mail",
        metavar="MAIL",
        nargs="?",
        help="a file such as mail.eml, or the id of an arrival, an interaction or a Message-ID",
    )
    which.add_argument(
        "--newest", metavar="N", type=_up_to_a_thousand, help="the newest stored mails instead"
    )
    screen.add_argument("--mailbox", metavar="ADDRESS", help="as if it had come to this one")
    screen.add_argument(
        "--description", metavar="FILE", type=Path, help="instead of the description in force"
    )


def _add_discard(commands: Commands) -> None:
    known = ", ".join(queue.service for queue in WORK_QUEUES)
    discard = commands.add_parser(
        "discard",
        help="throw away a message that cannot be handled",
        description="Take one message out of a parking queue for good. What it would have done "
        "never happens. It is kept in the database, in the collection `discarded`, with the "
        "reason. `mailroom replay QUEUE --list` shows the ids.",
    )
    discard.add_argument("queue", metavar="QUEUE", help=f"one of {known}")
    discard.add_argument("id", metavar="MESSAGE_ID")
    discard.add_argument("--reason", metavar="WORDS", required=True, help="why, for the record")


def _add_doubts(commands: Commands) -> None:
    commands.add_parser(
        "doubts",
        help="list the mails whose delivery is uncertain",
        description="Print a line for each mail whose server was lost before its answer: "
        "interaction, time, recipients, and the Message-ID to look for in that server's log.",
    )
    resend = commands.add_parser(
        "resend",
        help="send a mail in doubt once more",
        description="Send the same octets with the same Message-ID once more. Recipients "
        "who got it the first time may get it twice.",
    )
    which = resend.add_mutually_exclusive_group(required=True)
    which.add_argument("interaction", metavar="INTERACTION_ID", nargs="?")
    which.add_argument("--all", action="store_true", help="every mail in doubt but automatic ones")
    resend.add_argument("--yes", action="store_true", help="it may come twice, and that is fine")
    settle = commands.add_parser(
        "settle",
        help="record the outcome of a mail in doubt",
        description="Record the outcome that the next server's log shows. A mail that was not "
        "delivered goes back to its author, who can send it again; an automatic one is canceled.",
    )
    settle.add_argument("interaction", metavar="INTERACTION_ID")
    found = settle.add_mutually_exclusive_group(required=True)
    found.add_argument("--sent", action="store_true", help="the server has accepted it")
    found.add_argument("--failed", action="store_true", help="the server has never accepted it")


def _add_restored(commands: Commands) -> None:
    commands.add_parser(
        "restored",
        help="say that the database was restored from a backup",
        description="Run this after a restore, before services start. Mails that were on their "
        "way when the backup was taken may have left since: they are held as mails in doubt "
        "(`mailroom doubts`). Clients of agents are told to start over, because the backup would "
        "give positions of the journal again.",
    )


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


def _add_mailboxes(commands: Commands) -> None:
    mailboxes = commands.add_parser(
        "mailboxes",
        help="show the mailboxes whose mail is fetched, and what is wrong with them",
        description="Print a line for each fetched mailbox: state, last look, mails today, and "
        "for a sick one what is wrong and what to do. Exits with 1 where one is sick.",
    )
    mailboxes.add_argument("address", metavar="ADDRESS", nargs="?", help="only this one, in full")
    look = commands.add_parser(
        "look",
        help="have a mailbox looked into now",
        description="End the pause after a fault, and look into every folder of a mailbox at once.",
    )
    look.add_argument("address", metavar="ADDRESS")
    backfill = commands.add_parser(
        "backfill",
        help="fetch older mail of a mailbox",
        description="Go through the folders of a mailbox once more, and fetch mails since a day "
        "that are not here yet, also those that were left out. Safe to repeat.",
    )
    backfill.add_argument("address", metavar="ADDRESS")
    backfill.add_argument("--since", metavar="DATE", required=True, help="such as 2026-11-01")
    backfill.add_argument("--dry-run", action="store_true", help="only count them")


def _add_discarded(commands: Commands) -> None:
    discarded = commands.add_parser(
        "discarded",
        help="list the mails that rules discarded, show one, bring one back",
        description="Mails that screening rules or blocked contacts have discarded. They are kept "
        "as long as `retention` in the description says.",
    )
    acts = discarded.add_subparsers(dest="act", title="acts", metavar="ACT", required=True)
    listing = acts.add_parser("list", help="print a line for each, the newest first")
    listing.add_argument("--mailbox", metavar="ADDRESS", default="", help="only of this mailbox")
    listing.add_argument(
        "--limit",
        metavar="NUMBER",
        type=_number_of_discarded,
        default=50,
        help=f"how many are printed, 1 to {MOST_LISTED} (50)",
    )
    listing.add_argument(
        "--after", metavar="ID", default="", help="go on behind this mail, as the last line says"
    )
    show = acts.add_parser("show", help="print why one was discarded, and how its text begins")
    release = acts.add_parser(
        "release",
        help="put one into its queue",
        description="Put a discarded mail into its queue, like any other. Routing has to run.",
    )
    for one in (show, release):
        one.add_argument("id", metavar="ID", help="as `list` prints it")


def _number_of_discarded(text: str) -> int:
    number = int(text) if re.fullmatch("[0-9]{1,3}", text) else 0
    if not 1 <= number <= MOST_LISTED:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_LISTED} is needed")
    return number


def _add_contact(commands: Commands) -> None:
    contact = commands.add_parser(
        "contact",
        help="show who a customer is, merge two contacts, block one",
        description="Show and change the people who write to us. WHO is an address or an id.",
    )
    acts = contact.add_subparsers(dest="act", title="acts", metavar="ACT", required=True)
    show = acts.add_parser("show", help="print a contact and its newest mails")
    merge = acts.add_parser(
        "merge",
        help="make a contact a part of another one",
        description="Make a contact a part of another one: they are shown as one, with the mails "
        "of both. Both keep what they have, so that `undo-merge` takes it back.",
    )
    undo = acts.add_parser("undo-merge", help="take a contact out of another one again")
    block = acts.add_parser("block", help="have new mail of a contact completed at once")
    unblock = acts.add_parser("unblock", help="have it offered to agents again")
    for one in (show, merge, undo, block, unblock):
        one.add_argument("who", metavar="WHO")
    merge.add_argument("into", metavar="INTO", help="the contact that stands for both")


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


def _add_generators(commands: Commands) -> None:
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
    schemas = commands.add_parser(
        "schemas",
        help="write the JSON Schema of every command and event",
        description="Write one JSON Schema for each command and event. Refuses where a field "
        "would disappear on which another version relies.",
    )
    schemas.add_argument(
        "--into", metavar="FOLDER", type=Path, default=FOLDER, help="instead of the sources"
    )


def _up_to_a_thousand(text: str) -> int:
    if (number := _positive(text)) > MOST_MAILS:
        raise ValueError
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
