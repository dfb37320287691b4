"""One session at an IMAP server, with one folder open. Every method blocks."""

import imaplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from imapclient.exceptions import LoginError

from services.fetching.folder_position import OpenedFolder
from services.fetching.imap import faults
from services.fetching.imap.bounded_client import AnswerTooLargeError, BoundedClient, Cutoff
from services.fetching.imap.faults import (
    FolderFaultError,
    MailFaultError,
    MailGoneError,
)
from services.fetching.imap.fetch_answers import (
    Heading,
    heading_of,
    number_of_32_bits,
    octets_of,
)
from services.fetching.imap.fingerprints import BEGINNING
from services.fetching.imap.uid_lists import uids_in
from shared.contracts.fetching import ImapServer

_ANSWER: Final = 256_000
_LIST_OF_UIDS: Final = 32_000_000
"""Octets of the answer to a search; three million UIDs fit."""

_OF_HEADING: Final = 8_000
_OF_BEGINNING: Final = 2 * BEGINNING
_AROUND_BODY: Final = 100_000
_ID_FIELD: Final = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.4000>"
"""No more of it than `_OF_HEADING` leaves room for, whatever a stranger has written into it."""

_SEEN: Final = rb"\Seen"
_DELETED: Final = rb"\Deleted"
_NO_SELECT: Final = frozenset({b"\\noselect", b"\\nonexistent"})
_NO_IMAP: Final = (
    *(ValueError, TypeError, IndexError, KeyError, AttributeError, AssertionError),
    *(ArithmeticError, RecursionError),
)
"""Errors of the library's parsers on answers that are no IMAP."""

_NEWS: Final = frozenset({b"EXISTS", b"RECENT"})


class ImapSession:
    """A connection to a server. `cut` may be called from any thread, all else from one."""

    def __init__(self, server: ImapServer, context: ssl.SSLContext, deadline: timedelta) -> None:
        self._server = server
        self._context = context
        self._deadline = deadline.total_seconds()
        self._cutoff = Cutoff()
        self._connected: BoundedClient | None = None
        self._answers_late = False

    @property
    def where(self) -> str:
        """The server, for people."""
        return self._server.host

    @property
    def is_cut(self) -> bool:
        """Say whether the connection was cut, so that only a new session can go on."""
        return self._cutoff.is_cut

    @property
    def has_idle(self) -> bool:
        """Say whether the server tells of new mail by itself (RFC 2177)."""
        return self._has("IDLE")

    def connect(self) -> None:
        """Connect, and secure the connection as described.

        Raises:
            FolderFaultError: The server cannot be reached, or is no IMAP server.
        """
        server = self._server
        implicit = self._context if server.tls == "implicit" else None
        with self._plain_faults("the connection"):
            client = BoundedClient(
                server.host, server.used_port, self._deadline, implicit, self._cutoff
            )
            self._connected = client
            if server.tls == "starttls":
                client.connection.encrypt(self._context)

    def log_in(self, password: str) -> None:
        """Log in by password.

        Raises:
            FolderFaultError: The server refuses the password, or takes none.
        """
        if self._has("AUTH=PLAIN"):
            self._log_in(
                lambda: self._client.plain_login(self._server.user_name, password), password
            )
        elif self._has("LOGINDISABLED"):
            raise faults.no_password_taken(self.where)
        else:
            self._log_in(lambda: self._client.login(self._server.user_name, password), password)

    def log_in_by_token(self, token: str) -> None:
        """Log in by XOAUTH2.

        Raises:
            TokenRefusedError: The server refuses the token.
            FolderFaultError: The server takes no tokens, or broke off.
        """
        if not self._has("AUTH=XOAUTH2"):
            raise faults.no_token_taken(self.where)
        shown = [f"user={self._server.user_name}\1auth=Bearer {token}\1\1"]
        try:
            # A refusal is a challenge with its reason, to which an empty answer is due.
            self._log_in(
                lambda: self._client.sasl_login("XOAUTH2", lambda _: shown.pop() if shown else ""),
                token,
            )
        except faults.LoginFaultError as error:
            raise faults.TokenRefusedError(error.fault) from None

    def _log_in(self, log_in: Callable[[], object], secret: str) -> None:
        user_name = self._server.user_name
        try:
            with self._plain_faults("the login"):
                self._allow(_ANSWER)
                try:
                    log_in()
                except LoginError as error:
                    if isinstance(error.__context__, imaplib.IMAP4.abort):
                        raise error.__context__ from None
                    words = faults.said(error, secret)
                    if faults.is_temporary(words):
                        raise faults.login_unavailable(self.where, words) from None
                    raise faults.login_refused(self.where, user_name, words) from None
        except UnicodeEncodeError:
            raise faults.no_credentials(
                f"{self.where} takes no password with other characters than those of ASCII"
            ) from None

    def open(self, folder: str, settled: int, writable: bool) -> OpenedFolder:  # noqa: FBT001 - called by position in a thread
        """Open a folder of which UIDs up to `settled` are known.

        Raises:
            FolderFaultError: The folder is not there, holds no mail, or may only be read.
        """
        self._allow(_ANSWER)
        with self._plain_faults("the folder"):
            try:
                answer = self._client.select_folder(folder, readonly=not writable)
            except imaplib.IMAP4.readonly:
                raise faults.read_only(self.where, folder) from None
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise self._why_not(folder, error) from None
            uid_validity, uid_next = (
                number_of_32_bits(answer.get(name)) for name in (b"UIDVALIDITY", b"UIDNEXT")
            )
        # A server may leave out UIDNEXT: then the highest UID may just have been removed.
        highest = 0 if uid_next else max([settled, *self.uids_after(0)[-1:]])
        return OpenedFolder(uid_validity or None, uid_next or highest + 1)

    def _why_not(self, folder: str, error: Exception) -> FolderFaultError:
        """Return why a folder cannot be opened, which servers say in words of their own."""
        self._allow(_ANSWER)
        found = self._client.list_folders("", folder)
        if not found:
            return faults.no_such_folder(self.where, folder)
        if any(_NO_SELECT & {flag.lower() for flag in flags} for flags, _, _ in found):
            return faults.not_selectable(self.where, folder)
        return faults.refused(self.where, f"to open {folder}", error)

    def uids_after(self, uid: int, until: int | None = None) -> Sequence[int]:
        """Return the UIDs above one, up to another, ascending; the highest one in any case."""
        return self._search(["UID", f"{uid + 1}:{until or '*'}"])

    def uids_since(self, since: datetime, after: int, until: int) -> Sequence[int]:
        """Return the UIDs in a range of mails that came on the day before a time, or later.

        They are ascending.

        IMAP compares days in the server's time zone, so this is more than what came since then.
        """
        day = (since.astimezone(UTC) - timedelta(days=1)).date()
        return self._search(["UID", f"{after + 1}:{until}", "SINCE", day])

    def _search(self, criteria: Sequence[object]) -> Sequence[int]:
        self._allow(_LIST_OF_UIDS)
        with self._plain_faults("a search"):
            return uids_in(self._client.answers_to_search(criteria))

    def headings(self, uids: Sequence[int]) -> list[Heading]:
        """Return size, Message-ID and time of mails; mails that are gone are left out.

        Raises:
            MailFaultError: The heading of at least one of the mails cannot be read.
            FolderFaultError: The session ended with it.
        """
        self._allow(_ANSWER + _OF_HEADING * len(uids))
        try:
            found = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE", _ID_FIELD])
            return [heading_of(uid, found[uid]) for uid in uids if uid in found]
        except (imaplib.IMAP4.abort, AnswerTooLargeError, OSError) as error:
            raise faults.unreachable(self.where, error) from error
        except (imaplib.IMAP4.error, *_NO_IMAP) as error:
            raise MailFaultError(
                f"{self.where} does not give its heading: {faults.said(error)}", keeps_session=True
            ) from None

    def beginnings(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return the beginnings of mails, for their fingerprints.

        Raises:
            MailFaultError: At least one of them cannot be read.
            FolderFaultError: The session ended with it.
        """
        self._allow(_ANSWER + _OF_BEGINNING * len(uids))
        try:
            found = self._client.fetch(uids, [f"BODY.PEEK[]<0.{BEGINNING}>"])
            return {
                uid: next((v for k, v in fields.items() if k.startswith(b"BODY[]")), b"") or b""
                for uid, fields in found.items()
            }
        except (imaplib.IMAP4.abort, AnswerTooLargeError, OSError) as error:
            raise faults.unreachable(self.where, error) from error
        except (imaplib.IMAP4.error, *_NO_IMAP) as error:
            raise MailFaultError(
                f"{self.where} does not give its beginning: {faults.said(error)}",
                keeps_session=True,
            ) from None

    def bodies(self, uids: Sequence[int], octets: int) -> dict[int, bytes]:
        """Return the octets of mails, `octets` of them at most; mails may be missing.

        Raises:
            MailFaultError: The server does not give them, or gives more.
        """
        self._allow(octets + _AROUND_BODY)
        found = self._fetch_octets(uids, "BODY.PEEK[]")
        bodies = {uid: fields.get(b"BODY[]") for uid, fields in found.items()}
        return {uid: body for uid, body in bodies.items() if isinstance(body, bytes) and body}

    def piece(self, uid: int, first: int, octets: int) -> bytes:
        """Return so many octets of a mail from a place on; fewer or none at its end.

        Raises:
            MailGoneError: It was removed meanwhile.
            MailFaultError: The server does not give them, or gives more.
        """
        self._allow(octets + _AROUND_BODY)
        found = self._fetch_octets([uid], f"BODY.PEEK[]<{first}.{octets}>").get(uid)
        whole, piece = octets_of(found or {})
        if len(piece) > octets or (len(whole) >= octets and not first):
            self.cut()
            raise MailFaultError(f"{self.where} gives more of it than was asked for")
        if first and found is not None:
            return piece
        if whole or piece:
            return whole or piece
        raise self.why_absent(uid)

    def why_absent(self, uid: int) -> MailGoneError | MailFaultError:
        """Return why a server gave no octets of a mail."""
        if not self._search(["UID", str(uid)]):
            return MailGoneError()
        return MailFaultError(f"{self.where} gives no octets of it", keeps_session=True)

    def _fetch_octets(self, uids: Sequence[int], what: str) -> dict[int, dict[bytes, Any]]:
        try:
            found: dict[int, dict[bytes, Any]] = self._client.fetch(uids, [what])
        except AnswerTooLargeError:
            self.cut()
            raise MailFaultError(f"{self.where} gives more of it than it said") from None
        except (imaplib.IMAP4.abort, OSError) as error:
            raise MailFaultError(str(faults.unreachable(self.where, error))) from None
        except (imaplib.IMAP4.error, *_NO_IMAP) as error:
            raise MailFaultError(
                f"{self.where} does not give it: {faults.said(error)}", keeps_session=True
            ) from None
        return found

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark mails as read."""
        self._allow(_ANSWER)
        with self._plain_faults("to mark a mail"):
            self._client.add_flags(uids, [_SEEN], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails to another folder, which is made if it is missing.

        Raises:
            FolderFaultError: The server refuses; a mail is then still where it was.
        """
        with self._plain_faults(f"to move a mail to {folder}"):
            try:
                self._move(uids, folder)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                if "TRYCREATE" not in str(error).upper():
                    raise
                self._client.create_folder(folder)
                self._move(uids, folder)

    def _move(self, uids: Sequence[int], folder: str) -> None:
        self._allow(_ANSWER)
        if self._has("MOVE"):
            self._client.move(uids, folder)
            return
        self._client.copy(uids, folder)
        self._client.add_flags(uids, [_SEEN, _DELETED], silent=True)
        if self._has("UIDPLUS"):
            # Never EXPUNGE alone: it would remove what others have marked.
            self._client.uid_expunge(uids)

    def begin_idle(self) -> int | None:
        """Have the server tell of new mail; return the file to wait for, None if it has told."""
        self._allow(_ANSWER)
        with self._plain_faults("IDLE"):
            self._client.idle()
            if self._client.connection.reader.has_data():
                return None
            file: int = self._client.socket().fileno()
            return file

    def end_idle(self) -> bool:
        """End what `begin_idle` began; return whether the server told of new mail."""
        with self._plain_faults("IDLE"):
            _, told = self._client.idle_done()
            if bye := self._client.connection.untagged_responses.get("BYE"):
                raise imaplib.IMAP4.abort(faults.said(bye[-1]))
            return any(_NEWS & set(one) for one in told if isinstance(one, tuple))

    def check(self) -> None:
        """See that the session still works; the server may tell of new mail."""
        self._allow(_ANSWER)
        with self._plain_faults("NOOP"):
            self._client.noop()

    def cut(self) -> None:
        """End the connection from any thread."""
        self._cutoff.cut()

    def close(self) -> None:
        """Log out if the connection still works, and close it."""
        if self._connected is None:
            return
        with suppress(Exception):
            self._allow(_ANSWER)
            if not self._cutoff.is_cut:
                self._connected.logout()
        with suppress(Exception):
            self._connected.shutdown()

    @property
    def _client(self) -> BoundedClient:
        if self._connected is None:
            raise RuntimeError("the session is not connected")
        return self._connected

    def _has(self, capability: str) -> bool:
        return bool(self._client.has_capability(capability))

    def _allow(self, octets: int) -> None:
        self._client.connection.reader.allow(octets)

    @contextmanager
    def _plain_faults(self, what: str) -> Iterator[None]:
        """Turn errors of the library into faults of the folder."""
        try:
            yield
        except (FolderFaultError, UnicodeEncodeError):
            raise
        except imaplib.IMAP4.readonly:
            raise faults.read_only(self.where, "the folder") from None
        except (imaplib.IMAP4.abort, AnswerTooLargeError, OSError) as error:
            raise faults.unreachable(self.where, error) from error
        except imaplib.IMAP4.error as error:
            raise faults.refused(self.where, what, error) from error
        except _NO_IMAP as error:
            raise faults.unreachable(self.where, error) from error
