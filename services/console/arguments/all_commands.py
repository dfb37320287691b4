"""The parser of all commands of `mailroom`."""

import argparse
from typing import Final

from services.console.arguments import (
    contacts,
    generators,
    mailboxes,
    mails,
    parked_messages,
    system,
)
from services.console.arguments.parser import Parser

_EPILOG: Final = """\
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


def parser() -> Parser:
    """Return the parser of the whole command line."""
    root = Parser(
        prog="mailroom",
        description="Describe the contact center, and see how the system is.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(
        dest="command", title="commands", metavar="COMMAND", required=True
    )
    # In the order of the help.
    for subject in (system, parked_messages, mails, mailboxes, contacts, generators):
        subject.add_commands(commands)
    return root
