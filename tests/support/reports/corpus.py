"""Labels for the reports among the real mails of other projects, where these are present."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.support.reports.labels import Labelled, Verdict, hard, soft

_GMAIL: Final = (
    "bbbbvhvbbvkjbhfbvbvjhb",
    "bscdbcjhasbcjhbdscbhbsdhcbj",
    "egyfefsdvsfvvhjsd",
    "kfhejkfbsjkjsbhds",
    "qfvhgsvhgsduiohncdhcvhsdfvsfygusd",
)
_FIVE: Final = tuple(hard(f"{one}@gmail.com") for one in _GMAIL)

LABELS: Final[Mapping[str, tuple[str, tuple[Verdict, ...]]]] = MappingProxyType(
    {
        "nodemailer/delivery-status.eml": ("failed", (hard("xxxx@xxxx.com"),)),
        "flanker/bounce/broken-mime.eml": ("failed", (soft("info@example.net", "5.0.0"),)),
        "flanker/bounce/delayed-broken.eml": ("failed", (soft("demo@example.com", "4.2.2"),)),
        "flanker/bounce/delayed.eml": ("failed", (soft("foo@example.com", "4.0.0"),)),
        "flanker/bounce/gmail-invalid-address.eml": (
            "failed",
            (soft("awfawfawfawfawfaw@someserverhere.com", "5.1.0"),),
        ),
        "flanker/bounce/gmail-no-dns.eml": ("failed", (hard("user@example.comm", "5.1.2"),)),
        "flanker/bounce/mailbox-full.eml": ("failed", (soft("user@aol.com", "5.2.2"),)),
        "flanker/bounce/no-mx.eml": ("delayed", (soft("user@example.com", "4.4.4"),)),
        "flanker/bounce/office365.eml": ("failed", (hard("noname@example.com", "5.1.10"),)),
        "flanker/bounce/zed.eml": (
            "failed",
            (hard("asdfasdfasdfasdfasdfasdfewrqertrtyrthsfgdfgadfqeadvxzvz@gmail.com"),),
        ),
        "flanker/disposition-notification.eml": (
            "receipt",
            (Verdict("Joe_Recipient@example.com", ""),),
        ),
        "flanker/complaints/aol.eml": ("complaint", (Verdict("redacted@aol.com", ""),)),
        "flanker/complaints/yahoo.eml": ("complaint", (Verdict("user@yahoo.com", ""),)),
        "mikel-mail/mime_emails/raw_email_with_mimepart_without_content_type.eml": (
            "delayed",
            (soft("larose.julie@courrier.uqam.ca", "4.5.0"),),
        ),
        "mikel-mail/multipart_report_emails/multi_address_bounce1.eml": ("failed", _FIVE),
        "mikel-mail/multipart_report_emails/multi_address_bounce2.eml": ("failed", _FIVE),
        "mikel-mail/multipart_report_emails/multipart_report_multiple_status.eml": (
            "failed",
            (soft("u@ci.com", "5.3.0"),),
        ),
        "mikel-mail/multipart_report_emails/report_422.eml": (
            "delayed",
            (soft("fraser@oooooooo.com.au", "4.2.2"),),
        ),
        "mikel-mail/multipart_report_emails/report_530.eml": (
            "failed",
            (hard("edwin@zzzzzzz.com", "5.3.0"),),
        ),
        "mimekit/messages/disposition-notification.txt": (
            "receipt",
            (Verdict("Joe_Recipient@example.com", ""),),
        ),
        "mimekit/messages/delivery-status-no-blank-line.txt": (
            "failed",
            (hard("newsletter-request@imusic.com"),),
        ),
        "mimekit/messages/delivery-status.txt": (
            "failed",
            (hard("newsletter-request@imusic.com"),),
        ),
        "mimekit/messages/delivery-status2.txt": ("failed", (hard("source@domain.com", "5.0.0"),)),
        "mimekit/messages/delivery-status-multiple-blank-lines.txt": (
            "failed",
            (soft("orig_recip@customer.com", "5.5.0"),),
        ),
        "mimekit/messages/bounce.txt": ("failed", (hard("netec.test@netecgc.com"),)),
        "mimekit/messages/feedback-report.txt": ("complaint", (Verdict("user@example.com", ""),)),
        "cpython/msg_25.txt": ("failed", (soft("scoffman@wellpartner.com", "5.4.6"),)),
        "cpython/msg_16.txt": ("failed", (soft("jangel1@cougar.noc.ucla.edu", "5.0.0"),)),
    }
)


def labelled_corpus(folder: Path) -> tuple[Labelled, ...]:
    """Return the labelled mails below a folder; none where it is absent."""
    return tuple(
        Labelled(name, (folder / name).read_bytes(), kind, verdicts)
        for name, (kind, verdicts) in LABELS.items()
        if (folder / name).is_file()
    )
