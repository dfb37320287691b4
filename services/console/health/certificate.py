"""Looks at the certificate that other mail servers are shown by ingest."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from services.console.health.findings import Finding, bad, fine
from shared.domain.storable_text import storable

# Seconds for each of connecting, greeting and TLS.
_DEADLINE: Final = 10.0
# Renewals are tried for a month before the end (certbot), so something has failed by then.
_SOON: Final = timedelta(days=14)
_LONGEST: Final = 200
_SMTP: Final = 25
_RENEW: Final = "renew it; ingest reads its files again by itself"


async def examine_certificate(mail_server: str, now: datetime) -> AsyncIterator[Finding]:
    """Yield a finding about the certificate of a server, `name` or `name:port`, if it is set."""
    if not mail_server:
        return
    name, _, port = mail_server.partition(":")
    try:
        async with asyncio.timeout(3 * _DEADLINE):
            shown = await asyncio.to_thread(_certificate, name, int(port or _SMTP))
    except (OSError, ValueError, smtplib.SMTPException) as error:
        words = storable(str(error) or type(error).__name__, _LONGEST)
        yield bad(
            f"mail server {mail_server} cannot be used from here: {words}",
            do="see that ingest runs, and correct MAILROOM_MAIL_SERVER",
        )
    else:
        yield about_certificate(name, x509.load_der_x509_certificate(shown) if shown else None, now)


def _certificate(name: str, port: int) -> bytes:
    """Return the certificate that STARTTLS brings, empty if the server offers no STARTTLS."""
    # Any authority will do, because mail servers rarely ask for one. Name and end are checked.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP(name, port, timeout=_DEADLINE) as server:
        server.ehlo()
        if not server.has_extn("starttls"):
            return b""
        server.starttls(context=context)
        sock = server.sock
        return (isinstance(sock, ssl.SSLSocket) and sock.getpeercert(binary_form=True)) or b""


def about_certificate(name: str, shown: x509.Certificate | None, now: datetime) -> Finding:
    """Judge the certificate of the mail server with a name: its days, and its names."""
    if shown is None:
        return bad(
            f"mail server {name} offers no STARTTLS, so mail comes unprotected",
            do="set INGEST_TLS_CERTIFICATE and INGEST_TLS_KEY",
        )
    left = shown.not_valid_after_utc - now
    if left <= timedelta():
        ended = f"{shown.not_valid_after_utc:%Y-%m-%d}"
        return bad(f"certificate of {name} ended on {ended}", do=_RENEW)
    names = _names(shown)
    if not any(_matches(one, name) for one in names):
        told = storable(", ".join(names), _LONGEST) or "nobody"
        return bad(
            f"certificate of {name} is for {told}",
            do=f"get one for {name}, or correct MAILROOM_MAIL_SERVER",
        )
    if left < _SOON:
        return bad(f"certificate of {name} ends in {left.days} days", do=_RENEW)
    return fine(f"certificate of {name}: {left.days} days left, its name matches")


def _names(shown: x509.Certificate) -> list[str]:
    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _matches(pattern: str, name: str) -> bool:
    """Say whether a certificate is for a name; its first label may be a star (RFC 9525)."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    first, _, rest = pattern.partition(".")
    return pattern == name or (first == "*" and rest == name.partition(".")[2])
