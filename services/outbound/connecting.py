"""From a route to a session that is ready for mail."""

import asyncio

from aiosmtplib import SMTPException, SMTPHeloError, SMTPResponseException

from services.outbound.protocol import SMTP
from services.outbound.session import Deadlines, Session
from shared.contracts.contact_center import SmtpRoute
from shared.domain.clock import Clock


class RouteUnavailableError(Exception):
    """The route's server cannot be used now; says why, in plain words."""


async def open_session(
    route: SmtpRoute, *, password: str, hello_name: str, deadlines: Deadlines, clock: Clock
) -> Session:
    """Connect, secure the connection as the route says, and log in.

    Raises:
        RouteUnavailableError: One of these was not possible, or the route logs in without TLS,
            which would show the password to the network.
    """
    if route.user_name and route.tls == "none":
        raise RouteUnavailableError(
            f"{route.host} is not told a password without TLS: set `tls` of smtp_route"
        )
    smtp = SMTP(
        hostname=route.host,
        port=route.port,
        local_hostname=hello_name,
        timeout=deadlines.connect.total_seconds(),
        use_tls=route.tls == "implicit",
        start_tls=route.tls == "starttls",
        username=route.user_name or None,
        password=password or None,
    )
    try:
        async with asyncio.timeout(deadlines.connect.total_seconds()):
            await smtp.connect()
            await _greet(smtp)
    except SMTPResponseException as error:
        smtp.close()
        raise RouteUnavailableError(f"{route.host} {_said(error.code)}") from error
    except (SMTPException, OSError, ValueError) as error:
        smtp.close()
        raise RouteUnavailableError(
            f"{route.host} cannot be reached ({type(error).__name__})"
        ) from error
    return Session(smtp, route, deadlines, clock)


def _said(code: int) -> str:
    # aiosmtplib gives what is no reply at all the code -1.
    return f"answers {code}" if code > 0 else "does not answer as a mail server does"


async def _greet(smtp: SMTP) -> None:
    try:
        await smtp.ehlo()
    except SMTPHeloError:
        await smtp.helo()
