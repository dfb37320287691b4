"""The faults of folders, in plain words, and what to do about each."""

import imaplib
import ssl
from typing import Final

from services.fetching.imap.bounded_client import AnswerTooLargeError
from shared.domain.mailbox_health import Fault
from shared.domain.storable_text import storable
from shared.logins.oauth_logins import TokenRejectedError

_LONGEST_WORDS: Final = 200
_TEMPORARY: Final = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
"""Response codes of a NO that passes by itself (RFC 5530)."""


class FolderFaultError(Exception):
    """A folder cannot be fetched now."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


class LoginFaultError(FolderFaultError):
    """The server refuses the login, or there is nothing to log in with."""


class TokenRefusedError(LoginFaultError, TokenRejectedError):
    """The server refuses an access token."""


class MailFaultError(Exception):
    """One mail cannot be fetched; `keeps_session` says whether the session still works."""

    def __init__(self, words: str, *, keeps_session: bool = False) -> None:
        super().__init__(words)
        self.keeps_session = keeps_session


class MailGoneError(Exception):
    """A mail was removed from its folder meanwhile."""


def said(error: object, *secrets: str) -> str:
    """Return what a server said, short, without secrets and unprintable characters."""
    words = str(error)
    for secret in filter(None, secrets):
        words = words.replace(secret, "[secret]")
    return storable(words, _LONGEST_WORDS).strip("b'\"") or "nothing"


def is_temporary(words: str) -> bool:
    """Say whether a refusal passes by itself."""
    return any(code in words.upper() for code in _TEMPORARY)


def unreachable(where: str, error: BaseException) -> FolderFaultError:
    """Return the fault of a connection that failed or broke off."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return FolderFaultError(
            Fault(
                "certificate",
                f"{where} shows a certificate that is not trusted: {error.verify_message}",
                "have its certificate renewed, or make the authority known (SSL_CERT_FILE)",
            )
        )
    if isinstance(error, AnswerTooLargeError):
        return _protocol(where, "sends an answer that is too large")
    if isinstance(error, imaplib.IMAP4.abort):
        return FolderFaultError(
            Fault(
                "connection-lost",
                f"{where} ended the connection: {said(error)}",
                "nothing: it is tried again by itself",
            )
        )
    if isinstance(error, OSError):
        words = "answers too late" if isinstance(error, TimeoutError) else "cannot be reached"
        reason = error.strerror or type(error).__name__
        return FolderFaultError(
            Fault(
                "unreachable",
                f"{where} {words} ({said(reason)})",
                "check `imap.host`, `port` and `tls`, and that fetching may connect to it",
            )
        )
    return _protocol(where, f"does not answer as an IMAP server does: {said(error)}")


def too_slow(where: str) -> FolderFaultError:
    """Return the fault of a server that did not answer in time."""
    return FolderFaultError(
        Fault(
            "too-slow",
            f"{where} did not answer in time",
            "nothing at first: it is tried again by itself; ask who runs it if this stays",
        )
    )


def refused(where: str, command: str, error: object) -> FolderFaultError:
    """Return the fault of a command that the server answered with NO or BAD."""
    return FolderFaultError(
        Fault(
            "refused",
            f"{where} refuses {command}: {said(error)}",
            "ask who runs the mail server, if this stays",
        )
    )


def login_refused(where: str, user_name: str, words: str) -> LoginFaultError:
    """Return the fault of a refused password."""
    return LoginFaultError(
        Fault(
            "login-refused",
            f"{where} refuses the login of {user_name}: {words}",
            "set the right password or consent again, then `mailroom look` at the mailbox; "
            "it is tried again every 15 minutes",
            needs_person=True,
        )
    )


def login_unavailable(where: str, words: str) -> FolderFaultError:
    """Return the fault of a server that cannot check logins now."""
    return FolderFaultError(
        Fault(
            "login-unavailable",
            f"{where} cannot check logins now: {words}",
            "nothing: it is tried again by itself",
        )
    )


def no_password_taken(where: str) -> LoginFaultError:
    """Return the fault of a server that takes no password on this connection."""
    return LoginFaultError(
        Fault(
            "login-disabled",
            f"{where} takes no password here (LOGINDISABLED)",
            "set `tls` to implicit or starttls, or log in by `oauth`",
            needs_person=True,
        )
    )


def no_token_taken(where: str) -> LoginFaultError:
    """Return the fault of a server that takes no access token."""
    return LoginFaultError(
        Fault(
            "no-tokens",
            f"{where} takes no tokens (XOAUTH2)",
            "check `imap.host`, or log in by `password_variable`",
            needs_person=True,
        )
    )


def no_credentials(words: str) -> LoginFaultError:
    """Return the fault of a login without password or token; the words say what is missing."""
    return LoginFaultError(
        Fault(
            "no-login",
            words,
            "see the words before; `mailroom doctor` has a line for each OAuth login",
            needs_person=True,
        )
    )


def login_ended(words: str) -> FolderFaultError:
    """Return the fault of an OAuth login that its endpoint or the mail server refuses."""
    return FolderFaultError(
        Fault(
            "login-refused",
            words,
            "consent again (`mailroom authorize`), set another secret, or ask who runs the "
            "mail server; it is tried again by itself, at least every five minutes",
            needs_person=True,
        )
    )


def no_token_yet(words: str) -> FolderFaultError:
    """Return the fault of an OAuth login whose endpoint gives no token at the moment."""
    return FolderFaultError(
        Fault(
            "no-token",
            words,
            "see that fetching reaches the token endpoint; it is tried again by itself",
        )
    )


def bad_mail(uid: int, words: str) -> FolderFaultError:
    """Return the fault of a mail that could not be fetched, and that keeps those behind it."""
    return FolderFaultError(
        Fault(
            "mail",
            f"the mail with UID {uid} cannot be fetched: {words}",
            "nothing: after three tries it is left in its folder, and the next one is fetched",
        )
    )


def unmarked(words: str) -> FolderFaultError:
    """Return the fault of a server that ends the connection when mails are marked or moved."""
    return FolderFaultError(
        Fault(
            "marks",
            f"mails are stored, but cannot be marked or moved: {words}",
            "nothing is lost; ask who runs the mail server, or set `then: nothing`",
        )
    )


def internal(error: BaseException) -> Fault:
    """Return the fault of an error in our own code."""
    return Fault(
        "internal",
        f"an error of Mailroom itself ({type(error).__name__})",
        "look into the log of fetching, and report it",
    )


def no_such_folder(where: str, folder: str) -> FolderFaultError:
    """Return the fault of a folder that is not there."""
    return FolderFaultError(
        Fault(
            "no-such-folder",
            f"{where} has no folder {folder}",
            "make it, or correct `folders` and `mailroom apply` it",
            needs_person=True,
        )
    )


def not_selectable(where: str, folder: str) -> FolderFaultError:
    r"""Return the fault of a folder that holds folders only (`\Noselect`)."""
    return FolderFaultError(
        Fault(
            "not-selectable",
            f"{folder} at {where} holds folders only, no mail",
            "name one of its folders under `folders` and `mailroom apply` it",
            needs_person=True,
        )
    )


def read_only(where: str, folder: str) -> FolderFaultError:
    """Return the fault of a folder in which nothing can be marked or moved."""
    return FolderFaultError(
        Fault(
            "read-only",
            f"{folder} at {where} may only be read",
            "set `then: nothing`, or let the user write to the folder",
            needs_person=True,
        )
    )


def _protocol(where: str, words: str) -> FolderFaultError:
    return FolderFaultError(
        Fault(
            "protocol",
            f"{where} {words}",
            "check `imap.host` and `port`; ask who runs it if they are right",
        )
    )
