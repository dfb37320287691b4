"""The envelope of an arrived mail: what its source said about it, apart from its octets."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """The way on which a mail came in."""

    SMTP = "smtp"
    LMTP = "lmtp"
    IMAP = "imap"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class MailEnvelope:
    """Sender, recipients and source of an arrived mail (RFC 5321 section 2.3.1).

    `sender` is empty for the null reverse-path. `mailboxes` are our mailboxes that the mail is for,
    `recipients` the addresses by which its source named them, plus-tags included. `peer` is the
    network address of the source. `fingerprint` is what the source tells the mail by, if it does.
    """

    way: Way
    sender: str
    mailboxes: tuple[str, ...]
    peer: str = ""
    recipients: tuple[str, ...] = ()
    fingerprint: str = ""
