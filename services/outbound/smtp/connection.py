"""Opens a session at a route's server: connection, TLS, login."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from socket import gaierror
from ssl import SSLCertVerificationError, SSLError
from types import MappingProxyType
from typing import Final

from aiosmtplib import SMTPException, SMTPHeloError, SMTPResponseException
from aiosmtplib.auth import auth_xoauth2_encode

from services.outbound.smtp.smtp_session import Deadlines, SmtpSession
from services.outbound.smtp.strict_protocol import SMTP
from services.outbound.smtp.transmission import Reply, reply_of
from shared.contracts.contact_center import SmtpRoute
from shared.domain.clock import Clock
from shared.logins.oauth_logins import TokenRejectedError

# The server asks for the next step of a login (RFC 4954, 4).
_CHALLENGE: Final = 334
_LONGEST_COMMAND: Final = 500
"""Octets of a command line. A longer token is sent on a line of its own (RFC 4954, section 4)."""

_LONGEST_WORDS: Final = 200
_AWAY: Final[Mapping[type[Exception], str]] = MappingProxyType(
    {
        TimeoutError: "does not answer in time",
        gaierror: "is not found",
        SSLCertVerificationError: "shows a certificate that is not trusted",
        SSLError: "does not agree on TLS",
        ConnectionRefusedError: "refuses connections",
    }
)
"""Words for the cause of a failed connection; the first one that fits counts."""


class RouteUnavailableError(Exception):
    """The route's server cannot be used now; the message says why."""


@dataclass(frozen=True, slots=True)
class LoginProof:
    """A password or an OAuth token for the server; both are empty for a route without login."""

    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


async def open_session(
    route: SmtpRoute, proof: LoginProof, *, hello_name: str, deadlines: Deadlines, clock: Clock
) -> SmtpSession:
    """Connect, secure the connection as the route says, and log in.

    Raises:
        RouteUnavailableError: One of these failed, or the route has a login and no TLS, which
            would send the password in the clear.
        TokenRejectedError: The server refuses the token.
    """
    if route.user_name and route.tls == "none":
        raise RouteUnavailableError(
            f"no password is sent to {route.host} without TLS: set `tls` of smtp_route"
        )
    smtp = SMTP(
        hostname=route.host,
        port=route.port,
        local_hostname=hello_name,
        timeout=deadlines.connect.total_seconds(),
        use_tls=route.tls == "implicit",
        start_tls=route.tls == "starttls",
        # A login by token follows after the connection is open.
        username=None if proof.token else route.user_name or None,
        password=proof.password or None,
    )
    try:
        async with asyncio.timeout(deadlines.connect.total_seconds()):
            await smtp.connect()
            await _greet(smtp)
            if proof.token:
                await show_token(smtp, route, proof.token)
    except SMTPResponseException as error:
        smtp.close()
        raise RouteUnavailableError(f"{route.host} {_said(error.code)}") from error
    except (SMTPException, OSError, ValueError) as error:
        smtp.close()
        raise RouteUnavailableError(f"{route.host} {_why_away(error)}") from error
    except (RouteUnavailableError, TokenRejectedError):
        smtp.close()
        raise
    return SmtpSession(smtp, route, deadlines, clock)


def _why_away(error: BaseException) -> str:
    """Return why there is no connection, as an agent reads it beside the mail."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    for kind, words in _AWAY.items():
        if any(isinstance(one, kind) for one in causes):
            return words
    return "cannot be reached"


async def show_token(smtp: SMTP, route: SmtpRoute, token: str) -> None:
    """Log in by XOAUTH2.

    Raises:
        RouteUnavailableError: The server does not offer XOAUTH2, or gave no final answer.
        TokenRejectedError: The server refuses the token.
    """
    if "xoauth2" not in (one.lower() for one in smtp.server_auth_methods):
        raise RouteUnavailableError(
            f"{route.host} takes no tokens (XOAUTH2) at port {route.port}: see `smtp_route`"
        )
    shown = auth_xoauth2_encode(route.user_name, token)
    if len(shown) <= _LONGEST_COMMAND - len(b"AUTH XOAUTH2 "):
        reply = await _exchange(smtp, b"AUTH", b"XOAUTH2", shown)
    else:
        reply = await _exchange(smtp, b"AUTH", b"XOAUTH2")
        if reply.code == _CHALLENGE:
            reply = await _exchange(smtp, shown)
    if reply.code == _CHALLENGE:
        # The challenge holds an error in JSON. The server sends its final reply to an empty line.
        reply = await _exchange(smtp, b"")
    if reply.is_permanent:
        words = reply.text.replace(token, "[token]").replace(shown.decode(), "[token]")
        raise TokenRejectedError(
            f"{route.host} refuses the login of {route.user_name}: {reply.code} "
            f"{words[:_LONGEST_WORDS]}"
        )
    if not reply.is_positive:
        raise RouteUnavailableError(f"{route.host} {_said(reply.code)} to the login")


async def _exchange(smtp: SMTP, *words: bytes) -> Reply:
    response = await smtp.execute_command(*words)
    return reply_of(response.code, response.message)


def _said(code: int) -> str:
    # aiosmtplib reports a line that is no reply as code -1.
    return f"answers {code}" if code > 0 else "does not answer as a mail server does"


async def _greet(smtp: SMTP) -> None:
    try:
        await smtp.ehlo()
    except SMTPHeloError:
        await smtp.helo()
