"""The state of fetched mailboxes in words. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from services.console.health.findings import Finding, Mark, bad, fine
from shared.domain.mailbox_health import Health
from shared.storage.mails.mailbox_store import StoredFolder, StoredMailbox

_START: Final = "see that fetching runs, and its log"
_MOST_SKIPPED: Final = 5


def about_mailbox(mailbox: StoredMailbox, now: datetime) -> Finding:
    """Judge whether the mail of a mailbox is fetched."""
    folder = mailbox.worst(now)
    name = f"mail of {mailbox.address}"
    match folder.health(now):
        case Health.SICK:
            words, do = _trouble(folder, now)
            return bad(f"{name} is not fetched: {folder.name}: {words}", do=do)
        case Health.STOPPED:
            return Finding(
                Mark.NOTE, f"{name} is not fetched: somebody has stopped it (Start begins it again)"
            )
        case Health.SLOW:
            words, _ = _trouble(folder, now)
            return Finding(Mark.NOTE, f"{name} is fetched late: {folder.name}: {words}")
        case _:
            return fine(f"{name}: {_looked(mailbox.last_look_at, now)}")


def line(mailbox: StoredMailbox, now: datetime) -> str:
    """Return a mailbox as one line: state, last look, mails today, and what waits."""
    parts = [_looked(mailbox.last_look_at, now), f"mails today {mailbox.mails_today}"]
    if mailbox.behind:
        parts.append(f"waiting {mailbox.behind}")
    return f"{mailbox.address:<32} {mailbox.health(now).value:<8} {', '.join(parts)}"


def folder_lines(mailbox: StoredMailbox, now: datetime, *, all_of_them: bool) -> Iterator[str]:
    """Yield what is wrong with folders and what to do; with `all_of_them` also the well ones."""
    for folder in mailbox.folders:
        health = folder.health(now)
        if health in (Health.SICK, Health.SLOW):
            words, do = _trouble(folder, now)
            yield f"  {folder.name}: {words}. {do[:1].upper()}{do[1:]}"
        elif all_of_them:
            yield f"  {folder.name}: {health.value}, up to UID {folder.uid}"
        if all_of_them:
            for uid, reason in folder.skipped[-_MOST_SKIPPED:]:
                yield f"  {folder.name}: the mail with UID {uid} is left there: {reason}"


def _trouble(folder: StoredFolder, now: datetime) -> tuple[str, str]:
    """Return what is wrong with a folder, and what to do."""
    facts = folder.facts
    if facts.fault and facts.faults:
        return facts.fault.words, facts.fault.do
    if facts.behind:
        return f"{facts.behind} mails wait", "nothing: they are being fetched"
    return f"nobody has looked into it for {_ago(now - facts.last_good_at)}", _START


def _looked(moment: datetime | None, now: datetime) -> str:
    return f"looked into {_ago(now - moment)} ago" if moment else "not looked into yet"


def _ago(by: timedelta) -> str:
    seconds = max(0, int(by.total_seconds()))
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"
