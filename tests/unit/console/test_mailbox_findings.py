"""The findings about mailboxes whose mail is fetched."""

from datetime import UTC, datetime, timedelta

from services.console.health.mailbox_findings import about_mailbox, folder_lines, line
from shared.domain.mailbox_health import Fault, FolderFacts
from shared.storage.mails.mailbox_store import StoredFolder, StoredMailbox

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
AWAY = Fault("unreachable", "mail.example cannot be reached", "see the host")


def mailbox(**facts: object) -> StoredMailbox:
    """Return a mailbox with a well folder, and one with these facts."""
    at = NOW - timedelta(minutes=3)
    inbox = StoredFolder("a@b.example", "INBOX", FolderFacts(at), 5, 17, at, at, 4)
    told = {"last_good_at": NOW, **facts}
    junk = StoredFolder("a@b.example", "Junk", FolderFacts(**told), skipped=((3, "too large"),))  # type: ignore[arg-type]
    return StoredMailbox("a@b.example", (inbox, junk))


def test_well_mailbox_is_one_line() -> None:
    one = mailbox()

    assert str(about_mailbox(one, NOW)) == "ok   mail of a@b.example: looked into 3 minutes ago"
    shown = line(one, NOW)
    assert shown.split()[:2] == ["a@b.example", "well"]
    assert shown.endswith(" looked into 3 minutes ago, mails today 4")
    assert list(folder_lines(one, NOW, all_of_them=False)) == []


def test_sick_folder_is_bad_with_what_to_do() -> None:
    one = mailbox(faults=3, fault=AWAY)

    assert str(about_mailbox(one, NOW)) == (
        "bad  mail of a@b.example is not fetched: Junk: mail.example cannot be reached: "
        "see the host"
    )
    assert list(folder_lines(one, NOW, all_of_them=True)) == [
        "  INBOX: well, up to UID 17",
        "  Junk: mail.example cannot be reached. See the host",
        "  Junk: the mail with UID 3 is left there: too large",
    ]


def test_silent_fetching_is_bad() -> None:
    one = mailbox(last_good_at=NOW - timedelta(hours=5))

    assert str(about_mailbox(one, NOW)) == (
        "bad  mail of a@b.example is not fetched: Junk: nobody has looked into it for 5 hours: "
        "see that fetching runs, and its log"
    )


def test_slow_and_stopped_mailboxes_are_notes() -> None:
    slow, stopped = mailbox(behind=90), mailbox(is_stopped=True)

    assert str(about_mailbox(slow, NOW)).startswith("--   mail of a@b.example is fetched late")
    assert str(about_mailbox(stopped, NOW)).startswith("--   mail of a@b.example is not fetched")
