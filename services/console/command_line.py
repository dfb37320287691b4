"""The command line `mailroom`: which function carries out which command, and its exit code."""

import asyncio
import logging
import sys
from argparse import Namespace
from collections.abc import Sequence

from services.console.accounts import BROKER, accounts_of
from services.console.apply_plan import StrandedWorkChoice
from services.console.arguments.all_commands import parser
from services.console.broker.definitions import definitions
from services.console.commands import contacts, discarded, mailboxes, replay, uncertain_deliveries
from services.console.commands.apply import apply
from services.console.commands.authorize import authorize
from services.console.commands.doctor import diagnose
from services.console.commands.parse import order_parsing
from services.console.commands.restored import announce_restore
from services.console.commands.screen import screen
from services.console.commands.settings import print_settings
from services.console.commands.trace import trace
from services.console.drop_tokens import make_token
from services.console.exit_codes import Exit, NotPossibleError
from services.console.passwords import ask_for_password, hash_password
from shared.contracts.schemas import FieldLostError, write_schemas
from shared.domain.errors import Unavailable


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command of the command line, and end the process with its exit code."""
    # Errors are printed once, in our own words. Without a handler, libraries would log them too.
    logging.getLogger().addHandler(logging.NullHandler())
    sys.exit(run(parser().parse_args(arguments)))


def run(arguments: Namespace) -> Exit:
    """Run a command and return its exit code; errors are printed to standard error."""
    try:
        return asyncio.run(_command(arguments)) or Exit.FINE
    except NotPossibleError as error:
        return _fail(str(error), error.code)
    except FieldLostError as error:
        return _fail(str(error), Exit.NOT_FINE)
    except Unavailable as error:
        return _fail(f"{error}: try again", Exit.UNAVAILABLE)
    except PermissionError as error:
        return _fail(f"{error.filename}: {error.strerror}", Exit.CANNOT_WRITE)
    except KeyboardInterrupt:
        return _fail("interrupted: running it again is safe", Exit.INTERRUPTED)


async def _command(arguments: Namespace) -> Exit | None:
    match arguments.command:
        case "apply":
            choice = StrandedWorkChoice(arguments.move_to, arguments.yes)
            await apply(arguments.file, dry_run=arguments.dry_run, choice=choice)
        case "doctor":
            return await diagnose()
        case "replay" | "discard" | "trace" | "screen":
            await _inspect(arguments)
        case "parse":
            await order_parsing(arguments.arrival)
        case "doubts" | "resend" | "settle" | "restored":
            await _uncertain_deliveries(arguments)
        case "authorize":
            await authorize(arguments.name, arguments.user_name, for_another=arguments.for_another)
        case "mailboxes" | "look" | "backfill":
            return await _mailboxes(arguments)
        case "contact":
            await _contact(arguments)
        case "discarded":
            await _discarded(arguments)
        case _:
            _generate(arguments)
    return None


async def _mailboxes(arguments: Namespace) -> Exit | None:
    address: str | None = arguments.address
    if arguments.command == "look" and address:
        await mailboxes.look(address)
    elif arguments.command == "backfill" and address:
        await mailboxes.backfill(address, arguments.since, dry_run=arguments.dry_run)
    else:
        return await mailboxes.show(address)
    return None


async def _contact(arguments: Namespace) -> None:
    match arguments.act:
        case "merge":
            await contacts.merge(arguments.who, arguments.into)
        case "undo-merge":
            await contacts.undo_merge(arguments.who)
        case "block" | "unblock":
            await contacts.block(arguments.who, is_blocked=arguments.act == "block")
        case _:
            await contacts.show(arguments.who)


async def _discarded(arguments: Namespace) -> None:
    match arguments.act:
        case "show":
            await discarded.show(arguments.id)
        case "release":
            await discarded.release(arguments.id)
        case _:
            await discarded.list_mails(
                mailbox=arguments.mailbox, limit=arguments.limit, after=arguments.after
            )


def _generate(arguments: Namespace) -> None:
    match arguments.command:
        case "hash-password":
            print(hash_password(ask_for_password()))
        case "make-token":
            print(make_token(arguments.name), end="")
        case "definitions":
            print(definitions(accounts_of(BROKER), arguments.virtual_host), end="")
        case "settings":
            print_settings(arguments.program, as_json=arguments.json)
        case "schemas":
            for name in write_schemas(arguments.into):
                print(f"{name}: written")


async def _inspect(arguments: Namespace) -> None:
    if arguments.command == "trace":
        await trace(arguments.message_id)
        return
    if arguments.command == "screen":
        await screen(
            arguments.mail,
            newest=arguments.newest,
            mailbox=arguments.mailbox,
            description=arguments.description,
        )
        return
    queue = replay.queue_named(arguments.queue)
    if arguments.command == "discard":
        await replay.discard(queue, arguments.id, arguments.reason)
        return
    act = replay.show_parked if arguments.list else replay.replay
    await act(queue, message_id=arguments.id, limit=arguments.limit)


async def _uncertain_deliveries(arguments: Namespace) -> None:
    match arguments.command:
        case "resend" if arguments.all:
            await uncertain_deliveries.resend_all(sure=arguments.yes)
        case "resend":
            await uncertain_deliveries.resend(arguments.interaction, sure=arguments.yes)
        case "restored":
            await announce_restore()
        case "settle":
            await uncertain_deliveries.conclude(arguments.interaction, sent=arguments.sent)
        case _:
            await uncertain_deliveries.show()


def _fail(words: str, code: Exit) -> Exit:
    print(words, file=sys.stderr)
    return code
