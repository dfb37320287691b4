"""The parts of a fetcher: its folder, and what it shares with the other fetchers of its pod."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from services.fetching.folders.octet_budget import OctetBudget
from services.fetching.imap.session_thread import SessionThread
from services.fetching.store import FolderStore, KnownMails
from shared.contracts.fetching import Fetch
from shared.domain.clock import Clock
from shared.intake.mail_intake import MailIntake
from shared.storage.mails.mailbox_store import folder_id


@dataclass(frozen=True, slots=True)
class FetchedFolder:
    """A folder of a mailbox, as it is described."""

    address: str
    name: str
    fetch: Fetch

    @property
    def id(self) -> str:
        """The id of its document."""
        return folder_id(self.address, self.name)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a mail may be, how long a server may take, and how many mails go together."""

    largest_mail: int
    look: timedelta
    mail: timedelta
    idle: timedelta
    together: int


@dataclass(frozen=True, slots=True)
class FetcherParts:
    """The parts that all fetchers of a pod share.

    `open_session` returns a session that is logged in; FolderFaultError where that fails. `budget`
    bounds the octets in memory.
    """

    store: FolderStore
    known: KnownMails
    intake: MailIntake
    open_session: Callable[[Fetch], Awaitable[SessionThread]]
    clock: Clock
    random: Random
    limits: Limits
    budget: OctetBudget
