"""Fetching's Prometheus metrics."""

from typing import Final

from prometheus_client import Counter, Gauge

FETCHED: Final = Counter(
    "mailroom_mails_fetched_total", "Mails of folders, by what became of them", ["outcome"]
)
FAULTS: Final = Counter("mailroom_fetching_faults_total", "Looks that failed, by fault", ["code"])
SICK: Final = Gauge(
    "mailroom_mailbox_sick",
    "1 where nobody can fetch the mail of a folder: `mailroom mailboxes` says why",
    ["mailbox", "folder"],
)
BEHIND: Final = Gauge(
    "mailroom_mailbox_behind", "Mails seen in a folder and not fetched yet", ["mailbox", "folder"]
)
LOGIN_REFUSED: Final = Gauge(
    "mailroom_fetching_login_refused",
    "1 where an OAuth login gives no tokens: `mailroom doctor` says why",
    ["login"],
)
