"""`mailroom screen` says what the rules do with a mail, and does nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.console.commands.screen import screen
from services.console.description.reader import read_description
from services.console.exit_codes import NotPossibleError
from shared.domain.clock import SystemClock
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.contacts import contact_store
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.client import Database
from shared.storage.files.vault import IN_ONE_DOCUMENT
from tests.connected.console.test_trace import arrive
from tests.unit.console.descriptions import center

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("settings")]

TEXT = """\
name: demo
queues: [{name: support}, {name: low}]
mailboxes:
  - {address: support@demo.example, queue: support, acknowledgement: {text: Thank you}}
screening:
  - {name: news, when: {automatic: mailing list}, then: {queue: low}}
  - {name: spam, when: {header: {X-Spam: "yes"}}, then: {discard: spam}}
"""
LONG_AGO = b"Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n"
SPAM = b"Message-ID: <2@example.org>\r\nFrom: a@example.org\r\nX-Spam: yes\r\n\r\nBuy\r\n"
OTHER_SENDER = "its envelope names another sender than From"


@pytest.fixture
def description(tmp_path: Path) -> Path:
    file = tmp_path / "contact-center.yaml"
    file.write_text(TEXT)
    return file


async def test_mail_file_is_explained_without_any_server(
    tmp_path: Path,
    description: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MONGODB_URL")
    (mail := tmp_path / "mail.eml").write_bytes(b"To: support@demo.example\r\n" + SPAM)

    await screen(str(mail), newest=None, mailbox=None, description=description)

    assert capsys.readouterr().out.splitlines()[1:] == [
        "written by: a person",
        "support@demo.example: rule news: does not meet",
        "support@demo.example: rule spam: discard as spam",
        "support@demo.example: it would be completed at once as discarded (spam)",
        "support@demo.example: it would not be acknowledged: a screening rule says so",
    ]


async def test_file_for_nobody_here_needs_a_mailbox(tmp_path: Path, description: Path) -> None:
    (mail := tmp_path / "mail.eml").write_bytes(SPAM)

    with pytest.raises(NotPossibleError, match="name one with --mailbox"):
        await screen(str(mail), newest=None, mailbox=None, description=description)


async def test_stored_mails_are_screened_by_the_rules_in_force(
    opened: Database, description: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await ConfigurationStore(opened, SystemClock()).write(read_description(description))
    plain = await arrive(opened)
    spam = await arrive(opened, SPAM + b"x" * IN_ONE_DOCUMENT)

    await screen(plain, newest=None, mailbox=None, description=None)
    await screen(None, newest=10, mailbox=None, description=None)

    assert capsys.readouterr().out.splitlines()[-5:] == [
        "support@demo.example: it would wait in queue support",
        f"support@demo.example: it would not be acknowledged: {OTHER_SENDER}",
        f"arrival {spam}, support@demo.example, '': spam: discard as spam",
        "rule news: met 0 times",
        "rule spam: met 1 times",
    ]
    assert await opened["interactions"].find_one({}) is None


async def test_newest_mails_without_rules_say_how_to_try_some(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await ConfigurationStore(opened, SystemClock()).write(center())
    await arrive(opened)

    await screen(None, newest=10, mailbox=None, description=None)

    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("there are no rules: describe some under `screening`")


async def test_mail_that_cannot_be_shown_ends_no_list(
    opened: Database, description: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spam = await arrive(opened, SPAM)
    gone = await arrive(opened)
    await opened["arrivals"].update_one(
        {"_id": gone}, {"$set": {"mailboxes": ["old@demo.example"]}}
    )
    odd = await arrive(
        opened, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 2_000
    )
    damaged = await arrive(opened, SPAM + b"x" * IN_ONE_DOCUMENT)
    await opened["contents"].delete_many({})
    await ConfigurationStore(opened, SystemClock()).write(read_description(description))

    await screen(None, newest=10, mailbox=None, description=None)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"arrival {damaged}: ")
    assert lines[1].startswith(f"arrival {odd}: cannot be read (more than 1000 ")
    assert lines[2].startswith(f"arrival {gone}: cannot be shown: none of its recipients is")
    assert lines[3] == f"arrival {spam}, support@demo.example, '': spam: discard as spam"
    assert lines[-1] == "rule spam: met 1 times"


async def test_unknown_mailbox_ends_the_list_at_once(opened: Database, description: Path) -> None:
    await arrive(opened)
    await arrive(opened)

    with pytest.raises(NotPossibleError, match=r"^old@demo\.example is no mailbox here"):
        await screen(None, newest=10, mailbox="old@demo.example", description=description)


async def test_stored_mail_is_judged_at_its_arrival(
    opened: Database, description: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = b"From: ann@example.org\r\nTo: support@demo.example\r\n" + LONG_AGO + b"\r\nHello\r\n"
    arrival = await arrive(opened, raw)
    came = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
    await opened["arrivals"].update_one({"_id": arrival}, {"$set": {"received_at": came}})

    await screen(arrival, newest=None, mailbox=None, description=description)

    assert capsys.readouterr().out.splitlines()[-1] == (
        "support@demo.example: it would be acknowledged to <ann@example.org>, "
        "if it begins a conversation"
    )


async def test_mail_of_a_blocked_contact_would_be_completed(
    opened: Database, description: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = b"From: ann@example.org\r\nTo: support@demo.example\r\n\r\nHello\r\n"
    contacts = ContactStore(opened, SystemClock())
    assert await contacts.meet("ann@example.org", "Ann", makes=True)
    await opened["contacts"].update_many({}, {"$set": {"is_blocked": True}})
    arrival = await arrive(opened, raw)

    await screen(arrival, newest=None, mailbox=None, description=description)

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "support@demo.example: it would be completed at once: its contact is blocked",
        "support@demo.example: it would not be acknowledged: nobody is offered it",
    ]


async def test_mail_is_screened_though_its_contact_is_unknown(
    opened: Database,
    description: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contact_store, "_PATIENCE_SECONDS", 0.000_001)
    spam = await arrive(opened, SPAM)

    await screen(None, newest=10, mailbox=None, description=description)

    said = capsys.readouterr()
    assert f"arrival {spam}, support@demo.example, '': spam: discard as spam" in said.out
    assert f"arrival {spam}: screened without its contact: no contact for" in said.err


async def test_unknown_mail_is_said(description: Path) -> None:
    with pytest.raises(NotPossibleError, match="no file and no stored mail <9@x>"):
        await screen("<9@x>", newest=None, mailbox=None, description=description)
