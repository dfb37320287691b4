"""`doctor` looks at the certificate of ingest: its days, and its names."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.processes.ports import free_port
from services.console.health.certificate import about_certificate, examine_certificate
from services.console.health.findings import Mark
from tests.fixtures.mail_server import write_certificate

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def certificate(*names: str, days: int = 60) -> x509.Certificate:
    """Return a certificate for names that ends after some days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.demo.example")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=90))
        .not_valid_after(NOW + timedelta(days=days))
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("shown", "mark", "words"),
    [
        (certificate("mx.demo.example"), Mark.OK, "60 days left"),
        (certificate("a.example", "*.demo.example"), Mark.OK, "60 days left"),
        (certificate("mx.demo.example", days=5), Mark.BAD, "ends in 5 days"),
        (certificate("mx.demo.example", days=-1), Mark.BAD, "ended on 2026-11-29"),
        (certificate("demo.example"), Mark.BAD, "is for demo.example"),
        (certificate("*.mx.demo.example"), Mark.BAD, "is for *.mx"),
        (certificate(), Mark.BAD, "is for nobody"),
        (None, Mark.BAD, "offers no STARTTLS"),
    ],
)
def test_certificate_is_judged_by_days_and_names(
    shown: x509.Certificate | None, mark: Mark, words: str
) -> None:
    found = about_certificate("mx.demo.example", shown, NOW)

    assert (found.mark, words in found.words) == (mark, True)


async def test_certificate_that_a_server_shows_is_read(tmp_path: Path) -> None:
    write_certificate(tmp_path / "certificate.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "certificate.pem")

    async with mail_server(context) as port:
        found = [one async for one in examine_certificate(f"localhost:{port}", datetime.now(UTC))]

    assert [one.words.partition(":")[0] for one in found] == [
        "certificate of localhost ends in 6 days"
    ]


async def test_server_without_starttls_is_told() -> None:
    async with mail_server(None) as port:
        found = [one async for one in examine_certificate(f"localhost:{port}", NOW)]

    assert ["offers no STARTTLS" in one.words for one in found] == [True]


@pytest.mark.parametrize("where", ["localhost:{port}", "localhost:smtp"])
async def test_server_that_is_away_is_told(where: str) -> None:
    found = [one async for one in examine_certificate(where.format(port=free_port()), NOW)]

    assert [(one.mark, "cannot be used" in one.words) for one in found] == [(Mark.BAD, True)]


async def test_nothing_is_said_where_no_name_is_set() -> None:
    assert [one async for one in examine_certificate("", NOW)] == []


@asynccontextmanager
async def mail_server(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Run a mail server that says hello, and begins TLS with a context."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx ready\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                writer.write(b"250-mx\r\n250 STARTTLS\r\n" if context else b"250 mx\r\n")
            elif verb == b"STARTTLS" and context:
                writer.write(b"220 go\r\n")
                await writer.drain()
                await writer.start_tls(context)
            else:
                writer.write(b"221 bye\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
