"""The certificate of STARTTLS, read again when its files change."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from prometheus_client import Gauge

from shared.background_tasks import run_periodically
from shared.runtime.settings import WrongSettingError

log = structlog.get_logger()

EXPIRES: Final = Gauge(
    "mailroom_ingest_certificate_expires_timestamp_seconds",
    "Time at which the certificate of STARTTLS expires",
)

# Kubernetes and certbot replace files without telling anybody; a look at two files costs nothing.
_LOOKED_AT_EVERY: Final = timedelta(seconds=5)

_SOON: Final = timedelta(days=14)
_LAST_PART: Final = 4
"""A certificate ends soon in the last quarter of its time, and in its last two weeks at most.

Those who renew by themselves do so with a third of the time left.
"""

_Stamp = tuple[tuple[int, int, int], ...]


class CertificateError(WrongSettingError):
    """Certificate and key cannot be used; the text says why."""


class ServerCertificate:
    """A certificate with its key, from PEM files.

    After a change of the files, new sessions get the new pair. A pair that cannot be used is
    reported by `problem`, and the last good one is kept.

    Raises:
        CertificateError: The pair cannot be used at the start.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._problem = ""
        self._stamp = self._look()
        self._validity, self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return the TLS context of the pair that is in the files now, or of the last good one."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._reload()
        return self._context

    def problem(self) -> str:
        """Return what is wrong with the files or the certificate, in words; empty if nothing is.

        A certificate that expires soon is a problem as well.
        """
        if self._problem:
            return self._problem
        begins_at, ends_at = self._validity
        left = ends_at - datetime.now(UTC)
        if left <= timedelta():
            return f"the certificate of STARTTLS expired at {ends_at.isoformat()}: renew it"
        if left <= min(_SOON, (ends_at - begins_at) / _LAST_PART):
            return f"the certificate of STARTTLS expires soon, at {ends_at.isoformat()}: renew it"
        return ""

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at the files every five seconds, so that a broken pair is reported at once."""

        async def look() -> None:
            self.context()

        async with run_periodically(look, every=_LOOKED_AT_EVERY):
            yield

    def _reload(self) -> None:
        try:
            self._validity, self._context = self._load()
        except CertificateError as error:
            self._problem = f"{error}; the last good pair is kept"
            log.error("certificate not usable", problem=self._problem)  # noqa: TRY400 - no fault of ours
        else:
            self._problem = ""
            log.info("certificate read again", expires_at=self._validity[1].isoformat())

    def _load(self) -> tuple[tuple[datetime, datetime], ssl.SSLContext]:
        """Return begin and end of the certificate, and the context.

        Raises:
            CertificateError: The pair cannot be used.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            # Without a password OpenSSL would ask for one at the terminal.
            context.load_cert_chain(self._certificate, self._key, password="")
            certificate = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise CertificateError(
                f"INGEST_TLS_CERTIFICATE {self._certificate} and INGEST_TLS_KEY {self._key} are no "
                f"certificate with its unencrypted key: {reason}"
            ) from error
        EXPIRES.set(certificate.not_valid_after_utc.timestamp())
        return (certificate.not_valid_before_utc, certificate.not_valid_after_utc), context

    def _look(self) -> _Stamp:
        """Return what changes with the files, also with a link to them, as Kubernetes mounts."""
        stamp = []
        for path in (self._certificate, self._key):
            try:
                found = path.stat()
            except OSError:
                stamp.append((0, 0, 0))
            else:
                stamp.append((found.st_mtime_ns, found.st_size, found.st_ino))
        return tuple(stamp)
