"""`mailroom contact` on a real database."""

import asyncio

import pytest

from services.console.arguments.all_commands import parser
from services.console.command_line import run
from services.console.exit_codes import Exit
from services.console.settings import ConsoleSettings
from shared.domain.clock import SystemClock
from shared.domain.contacts.contact import contact_id
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.client import Database
from shared.storage.indexes import create_indexes

pytestmark = pytest.mark.connected

ANN, BOB = "ann@example.org", "bob@example.org"


@pytest.fixture
async def contacts(
    settings: ConsoleSettings,  # noqa: ARG001 - it sets the environment
    opened: Database,
) -> ContactStore:
    """Two contacts."""
    await create_indexes(opened, ["contacts"])
    store = ContactStore(opened, SystemClock())
    for name, address in (("Ann", ANN), ("Bob\x1b[31m", BOB)):
        await store.meet(address, name, makes=True)
    return store


async def mailroom(line: str) -> Exit:
    """Run a command as the shell does."""
    return await asyncio.to_thread(run, parser().parse_args(line.split()))


async def test_a_merged_contact_is_shown_and_taken_out_again(
    contacts: ContactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await mailroom(f"contact merge {BOB} {contact_id(ANN)}") is Exit.FINE
    assert await mailroom(f"contact merge {ANN} {BOB}") is Exit.USAGE
    capsys.readouterr()
    await mailroom(f"contact show {BOB}")

    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"{contact_id(ANN)}  Ann"
    assert lines[0] == f"  addresses: {ANN}, {BOB}"
    assert lines[1] == "  names in mails: Ann, Bob [31m"
    assert lines[2].startswith(f"  merged: {contact_id(BOB)} ({BOB})")

    assert await mailroom(f"contact undo-merge {BOB}") is Exit.FINE
    assert (await contacts.get(contact_id(ANN))).addresses == (ANN,)


async def test_a_block_holds_until_it_is_taken_back(contacts: ContactStore) -> None:
    await mailroom(f"contact block {ANN}")
    assert (await contacts.get(contact_id(ANN))).contact.is_blocked

    await mailroom(f"contact unblock {ANN}")
    assert not (await contacts.get(contact_id(ANN))).contact.is_blocked


async def test_block_of_a_merged_contact_is_shown_and_taken_back(
    contacts: ContactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    await mailroom(f"contact block {BOB}")
    await mailroom(f"contact merge {BOB} {ANN}")
    capsys.readouterr()
    await mailroom(f"contact show {ANN}")
    assert "  blocked: new mail is completed at once" in capsys.readouterr().out.splitlines()

    await mailroom(f"contact unblock {ANN}")

    assert not (await contacts.get_contact(contact_id(BOB))).is_blocked


@pytest.mark.usefixtures("contacts")
async def test_an_unknown_contact_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for who in ("who@example.org", "0000000000000000"):
        assert await mailroom(f"contact show {who}") is Exit.USAGE
        assert who in capsys.readouterr().err
