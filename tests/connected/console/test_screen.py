"""`mailroom screen` says what the rules do with a mail, and does nothing."""

from pathlib import Path

import pytest

from services.console.commands.screen import screen
from services.console.description.reader import read_description
from services.console.exit_codes import NotPossibleError
from shared.domain.clock import SystemClock
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.database.client import Database
from shared.storage.files.vault import IN_ONE_DOCUMENT
from tests.connected.console.test_trace import arrive

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


async def test_unknown_mail_is_said(description: Path) -> None:
    with pytest.raises(NotPossibleError, match="no file and no stored mail <9@x>"):
        await screen("<9@x>", newest=None, mailbox=None, description=description)
