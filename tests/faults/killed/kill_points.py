"""Every named line at which a test kills a process: the step that it is in, and the test.

`tests/unit/test_tables.py` compares this table with the product. A line without a row fails,
and so does a row whose test does not name its line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class KillPoint:
    """The work that is done and not done when the process dies, and the tests of it."""

    step: str
    tests: tuple[str, ...]


_DOORS = "faults/test_doors_killed.py"
_ONE_MAIL = "faults/test_killed_with_one_mail.py"
_FETCHING = "faults/killed/test_fetching_killed.py"
_OUTBOUND = "faults/killed/test_outbound_killed.py"
_ACKNOWLEDGING = "faults/killed/test_acknowledging_killed.py"
_DISCARDED = "connected/attachments/test_discarded_mails.py"
_CONTACTS = "faults/killed/test_contacts_killed.py"

KILL_POINTS: Final[Mapping[str, KillPoint]] = MappingProxyType(
    {
        # SMTP and LMTP, and HTTP, which shares the first two steps
        "intake.before_store": KillPoint("taken, not stored", (_ONE_MAIL, _DOORS)),
        "intake.after_store": KillPoint("stored, not answered", (_ONE_MAIL, _DOORS)),
        "ingest.after_answer": KillPoint("answered 250", (_ONE_MAIL, _DOORS)),
        "ingest.before_parse": KillPoint("answered, not parsed", (_ONE_MAIL,)),
        # HTTP
        "arrivals.before_insert": KillPoint("large mail in the vault, no arrival", (_DOORS,)),
        "drop.before_answer": KillPoint("stored under its key, not answered", (_DOORS,)),
        # IMAP
        "fetching.before_store": KillPoint("fetched, not stored", (_FETCHING,)),
        "fetching.after_store": KillPoint("stored, position not written", (_FETCHING,)),
        "fetching.after_watermark": KillPoint("position written, not marked", (_FETCHING,)),
        "fetching.after_flag": KillPoint("marked", (_FETCHING,)),
        # From an arrival to an interaction
        "announcer.before_publish": KillPoint("stored, nobody is told", (_ONE_MAIL,)),
        "announcer.after_publish": KillPoint("told, still in the outbox", (_ONE_MAIL, _DOORS)),
        "ingest.after_flood": KillPoint(
            "flood stored, mail not", ("connected/ingest/test_floods.py",)
        ),
        # Reports
        "ingest.after_report": KillPoint("report stored, interaction not", (_ONE_MAIL,)),
        "ingest.after_report_interaction": KillPoint("sent mail unchanged", (_ONE_MAIL,)),
        "ingest.after_report_announced": KillPoint("sent mail changed", (_ONE_MAIL,)),
        "routing.after_release": KillPoint(
            "mail queued again, report still there", ("connected/routing/test_disowned_reports.py",)
        ),
        # Acknowledgements
        "composition.after_allowances": KillPoint("permitted, not written", (_ACKNOWLEDGING,)),
        "composition.after_acknowledgement": KillPoint("written, not ordered", (_ACKNOWLEDGING,)),
        # Contacts
        "contacts.after_target": KillPoint("target has a new version", (_CONTACTS,)),
        "contacts.after_first": KillPoint("one of several is changed", (_CONTACTS,)),
        # Discarded mail
        "attachments.after_discarded_mark": KillPoint("marked, nothing deleted", (_DISCARDED,)),
        "attachments.after_discarded_parts": KillPoint(
            "parts deleted, mail still marked", (_DISCARDED,)
        ),
        "attachments.after_discarded_contents": KillPoint(
            "contents deleted, mail still marked", (_DISCARDED,)
        ),
        # Sending
        "outbound.before_dot": KillPoint("body sent", (_ONE_MAIL, _OUTBOUND)),
        "outbound.after_dot": KillPoint("dot sent, no answer", (_ONE_MAIL, _OUTBOUND)),
        "outbound.after_250": KillPoint("answered, not written", (_ONE_MAIL, _OUTBOUND)),
        # Agents
        "gateway.before_answering": KillPoint(
            "command published", ("connected/gateway/commands/test_promised_interactions.py",)
        ),
        "journal.before_telling": KillPoint(
            "positions written, pods not told", ("connected/gateway/notifications/test_journal.py",)
        ),
        "journal.before_acknowledging": KillPoint(
            "told, still in the queue", ("connected/gateway/notifications/test_journal.py",)
        ),
    }
)
