"""The commands about single mails."""

from pathlib import Path

from services.console.arguments.parser import Commands, number
from services.console.commands.discarded import MOST_LISTED
from services.console.mails_to_screen import MOST_MAILS


def add_commands(commands: Commands) -> None:
    """Add `trace`, `parse`, `screen`, `doubts`, `resend`, `settle` and `discarded`."""
    _add_trace(commands)
    _add_parse(commands)
    _add_screen(commands)
    _add_doubts(commands)
    _add_resend(commands)
    _add_settle(commands)
    _add_discarded(commands)


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


def _add_parse(commands: Commands) -> None:
    parse = commands.add_parser(
        "parse",
        help="parse a mail again that arrived and became no interaction",
        description="Order an arrival to be parsed. Interactions that it has already stay as they "
        "are.",
    )
    parse.add_argument("arrival", metavar="ARRIVAL_ID", help="as `mailroom doctor` names it")


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
        "--newest",
        metavar="N",
        type=number(at_most=MOST_MAILS),
        help="the newest stored mails instead",
    )
    screen.add_argument("--mailbox", metavar="ADDRESS", help="as if it had come to this one")
    screen.add_argument(
        "--description", metavar="FILE", type=Path, help="instead of the description in force"
    )


def _add_doubts(commands: Commands) -> None:
    commands.add_parser(
        "doubts",
        help="list the mails whose delivery is uncertain",
        description="Print a line for each mail whose server was lost before its answer: "
        "interaction, time, recipients, and the Message-ID to look for in that server's log.",
    )


def _add_resend(commands: Commands) -> None:
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


def _add_settle(commands: Commands) -> None:
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
        type=number(at_most=MOST_LISTED),
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
