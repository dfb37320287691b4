"""Mail finds its contact by address, or makes one; no trouble with contacts keeps a mail back."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from shared.domain.contacts.contact import Person, contact_id
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import DISCARDED
from shared.storage.contacts import contact_store
from shared.storage.contacts.contact_editor import ContactEditor
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.client import NEWEST
from tests.connected.ingest.test_parsing import parsed
from tests.support.backend import Backend
from tests.support.ingest import Ingest

pytestmark = pytest.mark.connected

ANN, BOB = "ann@example.org", "bob@example.org"


def mail_from(sender: str, number: int = 1) -> bytes:
    lines = (f"From: {sender}", f"Message-ID: <{number}@example.org>", "Subject: Hi", "", "Hello")
    return "\r\n".join(lines).encode()


async def arrived(backend: Backend, ingest: Ingest, sender: str, number: int = 1) -> Interaction:
    """Return the mail that arrived from a sender."""
    *_, mail = await parsed(backend, ingest, mail_from(sender, number))
    return mail


async def person_with(backend: Backend, address: str) -> Person:
    found = await ContactStore(backend.database, backend.clock).find(address)
    assert found is not None
    return found


async def stored(backend: Backend) -> list[dict[str, Any]]:
    # Contacts are written without waiting for a majority.
    newest = backend.database[contact_store.COLLECTION].with_options(read_concern=NEWEST)
    return await newest.find().to_list()


async def test_a_new_sender_becomes_a_contact_with_a_name(backend: Backend, ingest: Ingest) -> None:
    mail = await arrived(backend, ingest, f"Ann Example <{ANN}>")

    found = (await person_with(backend, ANN)).contact
    assert (found.id, found.addresses, found.names) == (mail.contact_id, (ANN,), ("Ann Example",))
    assert found.id == contact_id(ANN) == mail.user_data["ContactId"]


async def test_spellings_of_one_address_are_one_contact(backend: Backend, ingest: Ingest) -> None:
    hosts = ("b\u00fccher.example", "xn--bcher-kva.example", "B\u00dcCHER.example")
    names = ("Ann+shop", "ANN", "ann")
    spellings = [f"{name}@{host}" for name, host in zip(names, hosts, strict=True)]

    mails = [
        await arrived(backend, ingest, f"{number} <{one}>", number)
        for number, one in enumerate(spellings)
    ]

    assert len({one.contact_id for one in mails}) == 1
    assert [(one["addresses"], one["names"]) for one in await stored(backend)] == [
        (["ann@xn--bcher-kva.example"], ["0", "1", "2"])
    ]


async def test_many_workers_at_once_make_one_contact(backend: Backend) -> None:
    stores = [ContactStore(backend.database, backend.clock) for _ in range(20)]

    met = await asyncio.gather(
        *(
            one.meet(f"ann+{at}@example.org", f"Ann {at}", makes=True)
            for at, one in enumerate(stores)
        )
    )

    (contact,) = await stored(backend)
    assert {one.id for one in met if one} == {contact["_id"]}
    assert len(contact["names"]) == 10


@pytest.mark.parametrize(
    "sender", ["undisclosed:;", "", "x" * 65_000 + "@example.org", "ann@" + "\u00fc" * 80]
)
async def test_mail_from_no_address_arrives_without_a_contact(
    backend: Backend, ingest: Ingest, sender: str
) -> None:
    (mail,) = await parsed(backend, ingest, mail_from(sender), sender="")

    assert mail.state is State.QUEUED
    assert await stored(backend) == []


async def test_the_first_of_two_thousand_senders_is_the_contact(
    backend: Backend, ingest: Ingest
) -> None:
    several = ", ".join(f"Ann {at} <ann{at}@example.org>" for at in range(2_000))

    mail = await arrived(backend, ingest, several)

    assert [one["_id"] for one in await stored(backend)] == [mail.contact_id]


async def test_a_bounce_makes_no_contact(backend: Backend, ingest: Ingest) -> None:
    lines = (
        "From: MAILER-DAEMON@example.org",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; example.org",
        "",
        "Final-Recipient: rfc822; gone@example.org",
        "Action: failed",
        "Status: 5.1.1",
        "",
        "--b--",
    )

    (mail,) = await parsed(backend, ingest, "\r\n".join(lines).encode(), sender="")

    assert mail.contact_id == contact_id("mailer-daemon@example.org")
    assert await stored(backend) == []


async def test_mail_arrives_though_contacts_are_out_of_order(
    backend: Backend, ingest: Ingest
) -> None:
    # The validator refuses every write, as a user without the right to write would be.
    await backend.database.command("collMod", "contacts", validator={"never": True})
    try:
        mail = await arrived(backend, ingest, ANN)
    finally:
        await backend.database.command("collMod", "contacts", validator={})

    assert (mail.state, mail.contact_id) == (State.QUEUED, contact_id(ANN))


async def test_mail_of_a_blocked_contact_is_kept_and_not_offered(
    backend: Backend, ingest: Ingest
) -> None:
    await arrived(backend, ingest, ANN)
    await backend.database[contact_store.COLLECTION].update_one(
        {"addresses": ANN}, {"$set": {"is_blocked": True}}
    )

    mail = await arrived(backend, ingest, ANN, number=2)

    assert (mail.state, DISCARDED in mail.user_data) == (State.COMPLETED, True)


@pytest.mark.parametrize("blocked", [ANN, BOB])
@pytest.mark.parametrize("sender", [ANN, BOB])
async def test_mail_of_a_person_is_blocked_by_any_part(
    backend: Backend, ingest: Ingest, blocked: str, sender: str
) -> None:
    store = ContactStore(backend.database, backend.clock)
    editor = ContactEditor(backend.database, store, backend.clock)
    for number, address in enumerate((ANN, BOB)):
        await arrived(backend, ingest, address, number=number)
    await editor.change(contact_id(blocked), lambda one: replace(one, is_blocked=True))
    await editor.merge(contact_id(BOB), contact_id(ANN), "admin")

    mail = await arrived(backend, ingest, sender, number=2)

    assert (mail.state, DISCARDED in mail.user_data) == (State.COMPLETED, True)


@pytest.mark.parametrize("most", [0, 200])
async def test_senders_met_at_once_are_who_they_are_alone(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(contact_store, "_MOST_TOGETHER", most)
    store = ContactStore(backend.database, backend.clock)
    editor = ContactEditor(backend.database, store, backend.clock)
    addresses = [f"ann{number}@example.org" for number in range(8)]
    for address in addresses:
        await store.meet(address, "", makes=True)
    await editor.merge(contact_id(addresses[1]), contact_id(addresses[0]), "admin")
    await editor.merge(contact_id(addresses[2]), contact_id(addresses[0]), "admin")
    await editor.change(contact_id(addresses[2]), lambda one: one, is_blocked=True)

    met = await asyncio.gather(
        *(store.meet(one, "", makes=False) for one in (*addresses, "unknown@example.org"))
    )

    assert [one and (one.id, one.is_blocked) for one in met] == [
        *((contact_id(one), one in addresses[:3]) for one in addresses),
        None,
    ]


class Commands(CommandListener):
    """The commands to the collection of contacts, by their names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command[event.command_name] == contact_store.COLLECTION:
            self.names.append(event.command_name)

    def succeeded(self, _: CommandSucceededEvent) -> None:
        pass

    def failed(self, _: CommandFailedEvent) -> None:
        pass


@pytest.mark.parametrize(
    ("sender", "name", "commands"),
    [
        (ANN, "Ann", ["find"]),
        (ANN, "", ["find"]),
        (ANN, "Ann Example", ["find", "update"]),
        (BOB, "Bob", ["find", "insert"]),
    ],
)
async def test_sender_who_is_known_costs_one_read_and_no_write(
    backend: Backend, database_url: str, sender: str, name: str, commands: list[str]
) -> None:
    seen = Commands()
    async with AsyncMongoClient[dict[str, Any]](
        database_url, tz_aware=True, event_listeners=[seen]
    ) as client:
        store = ContactStore(client.get_default_database(), backend.clock)
        await store.meet(ANN, "Ann", makes=True)
        seen.names.clear()

        await store.meet(sender, name, makes=True)

        assert seen.names == commands


async def test_known_senders_met_at_once_cost_one_read(backend: Backend, database_url: str) -> None:
    seen = Commands()
    senders = [f"ann{number}@example.org" for number in range(40)]
    async with AsyncMongoClient[dict[str, Any]](
        database_url, tz_aware=True, event_listeners=[seen]
    ) as client:
        store = ContactStore(client.get_default_database(), backend.clock)
        await asyncio.gather(*(store.meet(one, "Ann", makes=True) for one in senders))
        seen.names.clear()

        await asyncio.gather(*(store.meet(one, "Ann", makes=True) for one in senders))

        assert seen.names == ["find"]


async def test_mails_of_an_earlier_release_have_a_contact(backend: Backend) -> None:
    before = [await backend.add_mail(contact_id=contact_id(ANN)) for _ in range(3)]
    store = ContactStore(backend.database, backend.clock)

    whole = await person_with(backend, ANN)

    assert (whole.contact.addresses, whole.name) == ((ANN,), "Ann")
    assert (await store.get(whole.contact.id)).addresses == (ANN,)
    newest = await store.mails(whole, before="", limit=2)
    oldest = await store.mails(whole, before=newest[-1].id, limit=2)
    assert [one.id for one in (*newest, *oldest)] == sorted(
        (one.id for one in before), reverse=True
    )
