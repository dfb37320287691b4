"""SMTP clients that record every answer and try again until the answer is 250."""

import asyncio
import smtplib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Final, Self

from tests.support.record_checker import ACCEPTED

MAILBOX: Final = "support@demo.example"
LOST: Final = "lost"
"""What a sender knows whose connection ended before the answer."""

_STRANGER: Final = "ann@example.org"
_PAUSE: Final = 0.3
_DEADLINE: Final = 40.0

# Threads of their own: those that wait for an answer must not keep a test from acting.
_SENDERS: Final = ThreadPoolExecutor(16, thread_name_prefix="sender")


def message_ids(run: str, count: int) -> list[str]:
    """Return the Message-IDs of a run's mails."""
    return [f"<{number}.{run}@example.org>" for number in range(count)]


def mail_octets(message_id: str) -> bytes:
    """Return a mail's octets, the same each time it is handed in."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = f"Ann <{_STRANGER}>", MAILBOX, message_id
    mail["Subject"] = f"About {message_id.strip('<>')}"
    mail.set_content(f"Hello,\nthis is about {message_id}.\n")
    mail.add_attachment(message_id.encode(), maintype="text", subtype="plain", filename="note.txt")
    mail.set_boundary(message_id.strip("<>").replace("@", "-"))
    return mail.as_bytes(policy=policy.SMTP)


@dataclass
class MailSenders:
    """All clients of one listener; `answers` are by Message-ID, in order."""

    port: int
    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def hand_in(self, mails: Iterable[str], connections: int = 1) -> None:
        """Return when each mail was accepted."""
        waiting = iter(mails)
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(self._work_off(waiting))

    async def try_once(self, mail: str) -> str:
        """Hand a mail in over a connection of its own; return what the sender is told."""
        async with _Connection(self.port) as connection:
            answer = await connection.hand_in(mail)
        self.answers[mail].append(answer)
        return answer

    async def _work_off(self, mails: Iterable[str]) -> None:
        async with _Connection(self.port) as connection:
            for mail in mails:
                await self._until_accepted(connection, mail)

    async def _until_accepted(self, connection: "_Connection", mail: str) -> None:
        while True:
            answer = await connection.hand_in(mail)
            self.answers[mail].append(answer)
            if answer == ACCEPTED:
                return
            await asyncio.sleep(_PAUSE)


class _Connection:
    """A connection to the listener, made anew after each loss."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._smtp: smtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._smtp is not None:
            self._smtp.close()

    async def hand_in(self, mail: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(_SENDERS, self._hand_in, mail)

    def _hand_in(self, mail: str) -> str:
        try:
            if self._smtp is None:
                self._smtp = smtplib.SMTP("127.0.0.1", self._port, timeout=_DEADLINE)
            self._smtp.sendmail(_STRANGER, [MAILBOX], mail_octets(mail))
        except smtplib.SMTPResponseException as error:
            self._forget()
            return str(error.smtp_code)
        except smtplib.SMTPRecipientsRefused as error:
            return str(next(iter(error.recipients.values()))[0])
        except OSError:  # SMTPServerDisconnected is one
            self._forget()
            return LOST
        return ACCEPTED

    def _forget(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None
