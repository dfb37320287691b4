"""`mailroom discarded`: what rules and blocked contacts have discarded, and its return."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.moments import to_the_minute
from services.console.settings import read_settings
from services.console.store import connected_database, contact_center_in_force
from shared.contracts.commands import DisownReport
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import SystemClock
from shared.domain.errors import UnknownInteractionError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import DISCARDED, SCREENING
from shared.domain.storable_text import storable
from shared.messaging.publisher import open_publisher
from shared.storage.database.client import Database
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.discarded_mails import DiscardedMailStore

MOST_LISTED: Final = 500
_NO_AGENT: Final = ""
_LONGEST_SUBJECT: Final = 60
_LONGEST_FIELD: Final = 200
_MOST_LINES: Final = 40
_LONGEST_LINE: Final = 160
_PATIENCE_SECONDS: Final = 15.0
_LOOK_EVERY_SECONDS: Final = 0.2


async def list_mails(*, mailbox: str, limit: int, after: str) -> None:
    """Print a page of the discarded mails, the newest first, a line each.

    With `mailbox` only its mails; `after` is the id of the last mail of the page before. A last
    line says how the next page is asked for, where there is one.
    """
    async with connected_database(read_settings().mongodb_url) as database:
        described = await _described(database, mailbox) if mailbox else ""
        mails = await DiscardedMailStore(database).page(
            after=after, limit=limit + 1, mailbox=described
        )
    for one in mails[:limit]:
        print(_line(one))
    if len(mails) > limit:
        print(f"more: --after {mails[limit - 1].id}")
    elif not mails:
        print("no discarded mail")


async def show(mail_id: str) -> None:
    """Print why and when a mail was discarded, and the first lines of its text.

    Raises:
        NotPossibleError: There is no such mail, or it is not discarded.
    """
    async with connected_database(read_settings().mongodb_url) as database:
        mail = await _discarded(_interactions(database), mail_id)
        center = await contact_center_in_force(database, SystemClock())
    keep = center.retention.discarded if center else None
    for line in (*_heading(mail, keep), *_text(mail)):
        print(line)


async def release(mail_id: str) -> None:
    """Have routing put a discarded mail into its queue, and wait until it has.

    Raises:
        NotPossibleError: There is no such mail, it is not discarded, it is deleted meanwhile, or
            routing does not answer; it then carries the command out when it runs.
    """
    settings = read_settings()
    async with connected_database(settings.mongodb_url) as database:
        interactions = _interactions(database)
        await _discarded(interactions, mail_id)
        command = DisownReport(interaction_id=mail_id, agent_id=_NO_AGENT, asked_as="Release")
        order = wrap(command, Cause.about(mail_id), SystemClock().now())
        async with open_publisher(settings.rabbitmq_url, name="console") as publisher:
            await publisher.publish(order)
        released = await _when_released(interactions, mail_id)
    print(f"{mail_id} waits in queue {released.queue}")


async def _when_released(interactions: InteractionStore, mail_id: str) -> Interaction:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                mail = await interactions.get(mail_id, with_text=False)
                if mail.state is not State.COMPLETED:
                    return mail
                if DISCARDED not in mail.user_data:
                    raise NotPossibleError(
                        f"{mail_id} is discarded no more: its time is over and it is being "
                        f"deleted, or an agent has completed it (`mailroom trace {mail_id}`)",
                        Exit.NOT_FINE,
                    )
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except UnknownInteractionError:
        raise NotPossibleError(f"{mail_id} was deleted meanwhile", Exit.NOT_FINE) from None
    except TimeoutError:
        raise NotPossibleError(
            f"{mail_id} is ordered to be released, and routing has not done so yet: see that it "
            "runs (`mailroom doctor`)",
            Exit.UNAVAILABLE,
        ) from None


async def _discarded(interactions: InteractionStore, mail_id: str) -> Interaction:
    try:
        mail = await interactions.get(mail_id)
    except UnknownInteractionError:
        raise NotPossibleError(f"there is no mail {mail_id}", Exit.NOT_FINE) from None
    if mail.state is not State.COMPLETED or DISCARDED not in mail.user_data:
        raise NotPossibleError(
            f"{mail_id} is not discarded: it is {mail.state.value}", Exit.NOT_FINE
        )
    return mail


async def _described(database: Database, address: str) -> str:
    center = await contact_center_in_force(database, SystemClock())
    return center.described_address(address) if center else address


def _interactions(database: Database) -> InteractionStore:
    async def announce(_: str, __: object) -> None:
        """Announce nothing: the command line only reads here."""

    return InteractionStore(database, SystemClock(), announce)


def _line(mail: Interaction) -> str:
    reason = storable(str(mail.user_data[DISCARDED]), _LONGEST_SUBJECT)
    subject = storable(mail.mail.subject, _LONGEST_SUBJECT)
    sender = mail.mail.sender.address if mail.mail.sender else "-"
    return (
        f"{mail.id}  {to_the_minute(mail.received_at)}  {mail.mailbox}  "
        f"{storable(sender, _LONGEST_SUBJECT)}  [{reason}]  {subject}"
    )


def _heading(mail: Interaction, keep: timedelta | None) -> Iterator[str]:
    sender = mail.mail.sender
    until = to_the_minute(mail.received_at + keep) if keep else "for ever (see `retention`)"
    facts = (
        ("mailbox", mail.mailbox),
        ("from", f"{sender.personal} <{sender.address}>".strip() if sender else ""),
        ("to", ", ".join(one.address for one in mail.mail.to[:5])),
        ("subject", mail.mail.subject),
        ("discarded", str(mail.user_data[DISCARDED])),
        ("rules", str(mail.user_data.get(SCREENING, ""))),
        ("attachments", ", ".join(one.name for one in mail.mail.attachments[:5])),
        ("kept until", until),
    )
    yield f"{mail.id}  {to_the_minute(mail.received_at)}"
    for name, value in facts:
        if value:
            yield f"  {name}: {storable(value, _LONGEST_FIELD)}"


def _text(mail: Interaction) -> Iterator[str]:
    # The whole text may be a single line of a million characters.
    lines = mail.mail.text[: _MOST_LINES * _LONGEST_LINE].splitlines()
    yield ""
    for line in lines[:_MOST_LINES]:
        yield f"  {storable(line, _LONGEST_LINE)}".rstrip()
    if len(lines) > _MOST_LINES or len(mail.mail.text) > _MOST_LINES * _LONGEST_LINE:
        yield "  (cut)"
