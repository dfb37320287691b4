"""The mails on which `mailroom screen` tries rules: of a file, or stored ones."""

import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.store import bare_id, known_as
from shared.domain.clock import SystemClock
from shared.domain.contacts.contact import Contact
from shared.domain.mail_envelope import Way
from shared.domain.storable_text import storable
from shared.mail.limits import DEFAULT_LIMITS, UnparsableMailError
from shared.mail.parsing.parser import parse_mail
from shared.mail.trace_fields import claimed_sender
from shared.storage.contacts.contact_store import ContactStore, ContactUnknownError
from shared.storage.database.client import Database
from shared.storage.files.vault import ContentRef, DamagedContentError, Vault
from shared.storage.interactions import interaction_store
from shared.storage.mails import arrival_store

# Each is read and parsed again while a person waits.
MOST_MAILS: Final = 1_000
_MOST_NAMED: Final = 100
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to try rules on. `name` is what the operator knows it by.

    `sender` is that of its envelope, `mailboxes` are those that it came to, none for a file.
    `contact` is who wrote it, if that was looked up. `way` is how it came; a file counts as SMTP.
    """

    name: str
    raw: bytes
    sender: str
    mailboxes: tuple[str, ...] = ()
    received_at: datetime | None = None
    contact: Contact | None = None
    way: Way = Way.SMTP


class StoredMails:
    """The arrived mails in the database."""

    def __init__(self, database: Database) -> None:
        self._arrivals = database[arrival_store.COLLECTION]
        self._interactions = database[interaction_store.COLLECTION]
        self._vault = Vault(database, SystemClock())
        self._contacts = ContactStore(database, SystemClock())

    async def named(self, wanted: str) -> Mail:
        """Return the mail of an arrival, an interaction or a Message-ID.

        Raises:
            NotPossibleError: There is none.
        """
        bare = bare_id(wanted)
        found = self._interactions.find(known_as(bare), {"arrival_id": 1}, limit=_MOST_NAMED)
        ids = [one["arrival_id"] async for one in found if one.get("arrival_id")]
        mail = await self.arrived(next(iter(ids), bare))
        if mail is None:
            raise NotPossibleError(
                f"there is no file and no stored mail {storable(wanted, _LONGEST)}: name a file,"
                " a Message-ID, or an id that `mailroom trace` prints",
                Exit.NOT_FINE,
            )
        return mail

    async def newest(self, limit: int) -> list[str]:
        """Return the ids of the newest arrivals, the newest first."""
        found = await self._arrivals.find({}, {"_id": 1}).sort("_id", -1).to_list(limit)
        return [one["_id"] for one in found]

    async def arrived(self, arrival_id: str) -> Mail | None:
        """Return the mail of an arrival, None if it is gone.

        Raises:
            NotPossibleError: Its content is damaged.
        """
        document = await self._arrivals.find_one({"_id": arrival_id}, {"outbox": 0})
        if document is None:
            return None
        raw = document.get("raw")
        if raw is None and "content" not in document:
            return None
        try:
            if raw is None:
                raw = await self._vault.get(ContentRef(**document["content"]))
        except DamagedContentError as error:
            raise NotPossibleError(
                f"arrival {arrival_id}: cannot be read ({error})", Exit.NOT_FINE
            ) from None
        return await self.with_contact(
            Mail(
                f"arrival {arrival_id}",
                raw,
                document["sender"],
                tuple(document["mailboxes"]),
                document["received_at"],
                way=Way(document.get("way", Way.SMTP)),
            )
        )

    async def with_contact(self, mail: Mail) -> Mail:
        """Return a mail with the contact of its author.

        There is none where the mail cannot be read, or where the database does not say in time: a
        mail that arrives would go on without one too.
        """
        try:
            parsed = parse_mail(mail.raw, envelope_sender=mail.sender)
        except UnparsableMailError:
            return mail
        sender = parsed.from_[0].address if parsed.from_ else mail.sender
        try:
            return replace(mail, contact=await self._contacts.meet(sender, "", makes=False))
        except ContactUnknownError as error:
            print(f"{mail.name}: screened without its contact: {error}", file=sys.stderr)
            return mail


def file_named(wanted: str | None) -> Path | None:
    """Return the file of that name, None if there is none."""
    return file if wanted is not None and (file := Path(wanted)).is_file() else None


def read_file(file: Path) -> Mail:
    """Return the mail in a file.

    Raises:
        NotPossibleError: It cannot be read.
    """
    try:
        with file.open("rb") as opened:
            raw = opened.read(DEFAULT_LIMITS.raw_octets + 1)
    except OSError as error:
        raise NotPossibleError(f"{file}: {error.strerror}", Exit.BAD_FILE) from None
    return Mail(str(file), raw, claimed_sender(raw))
