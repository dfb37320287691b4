"""The mails that are sent: 8 kB each, every one with its own Message-ID and Subject."""

from itertools import count

SENDER = "ann@client.example"
MAILBOX = "support@demo.example"

_TEXT = b"A line of a letter that is neither short nor long.\r\n" * 155
_numbers = count(1)


def next_subject() -> str:
    """Return a subject that no other mail of this run has."""
    return f"Letter {next(_numbers)}"


def sample_mail(subject: str) -> bytes:
    """Return a mail of 8 kB under a subject."""
    number = subject.rpartition(" ")[2]
    head = (
        f"From: Ann <{SENDER}>\r\nTo: {MAILBOX}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@client.example>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return head.encode() + _TEXT
