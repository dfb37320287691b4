"""`mailroom contact`: who a customer is, their newest mails, merges, and blocked contacts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.moments import to_the_minute
from services.console.settings import read_settings
from services.console.store import connected_database
from shared.domain.clock import SystemClock
from shared.domain.contacts.contact import Contact, Person
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.storable_text import storable
from shared.storage.contacts.contact_editor import ContactEditor
from shared.storage.contacts.contact_store import ContactStore

_BY: Final = "the command line"
_NEWEST: Final = 10
_LONGEST_SUBJECT: Final = 60


@dataclass(frozen=True, slots=True)
class _Contacts:
    store: ContactStore
    editor: ContactEditor

    async def id_of(self, who: str) -> str:
        """Return the id of the contact that an address or an id names, whatever it is part of."""
        if "@" not in who:
            return (await self.store.get_contact(who)).id
        owner = await self.store.owner_of(who)
        person = None if owner else await self.store.find(who)
        if owner is None and person is None:
            raise NotPossibleError(f"no contact has the address {who}", Exit.USAGE)
        return owner.id if owner else person.contact.id if person else ""


async def show(who: str) -> None:
    """Print a contact with its newest mails; `who` is an address or an id."""
    async with _opened() as contacts:
        person = await contacts.store.get(await contacts.id_of(who))
        mails = await contacts.store.mails(person, before="", limit=_NEWEST)
    for line in (*_lines(person), *map(_mail_line, mails)):
        print(line)


async def merge(who: str, into: str) -> None:
    """Merge a contact into another one."""
    async with _opened() as contacts:
        source, target = await contacts.id_of(who), await contacts.id_of(into)
        person = await contacts.editor.merge(source, target, _BY)
    print(f"{source} is now a part of {person.contact.id}; `mailroom contact undo-merge {source}`")


async def undo_merge(who: str) -> None:
    """Take a contact out of the one that it was merged into."""
    async with _opened() as contacts:
        person = await contacts.editor.undo_merge(await contacts.id_of(who), _BY)
    print(f"{person.contact.id} is a contact by itself again")


async def block(who: str, *, is_blocked: bool) -> None:
    """Have mail of a contact completed at once, or offered to agents again."""

    def decide(before: Contact) -> Contact:
        return replace(before, is_blocked=is_blocked)

    async with _opened() as contacts:
        person = await contacts.editor.change(
            await contacts.id_of(who), decide, is_blocked=is_blocked
        )
    what = "is completed at once, and kept" if is_blocked else "is offered to agents again"
    print(f"{person.contact.id}: new mail from {', '.join(person.addresses)} {what}")


@asynccontextmanager
async def _opened() -> AsyncIterator[_Contacts]:
    async with connected_database(read_settings().mongodb_url) as database:
        clock = SystemClock()
        store = ContactStore(database, clock)
        try:
            yield _Contacts(store, ContactEditor(database, store, clock))
        except Refused as error:
            raise NotPossibleError(str(error), Exit.USAGE) from None


def _lines(person: Person) -> Iterator[str]:
    one = person.contact
    yield f"{one.id}  {person.name}".rstrip()
    facts = (
        ("addresses", person.addresses),
        ("names in mails", person.names),
        ("groups", one.groups),
        ("language", (one.language,)),
        ("attributes", tuple(f"{key}={value}" for key, value in one.attributes.items())),
    )
    for name, values in facts:
        if any(values):
            yield f"  {name}: {', '.join(storable(value, 200) for value in values)}"
    if person.is_blocked:
        yield "  blocked: new mail is completed at once"
    for part in person.merged:
        last = part.merges[-1]
        when = to_the_minute(last.at)
        yield f"  merged: {part.id} ({', '.join(part.addresses)}) {when} by {last.by}"


def _mail_line(mail: Interaction) -> str:
    subject = storable(mail.mail.subject, _LONGEST_SUBJECT)
    way = mail.direction.value.lower()
    when = to_the_minute(mail.received_at)
    return f"  {when}  {way:<8}  {mail.state.value:<10}  {mail.id}  {subject}"
