"""Clients and proxies that others wrote, at the listeners: swaks, OpenSSL, Postfix and HAProxy."""

import asyncio
import shutil
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.processes.child import Child, Program
from deploy.local.processes.ports import free_port, is_open
from deploy.local.programs.packages import install
from deploy.local.progress import NotPossibleError
from shared.storage.mails.arrival_store import Arrival
from tests.fixtures.mail_server import running_relay, write_certificate
from tests.fixtures.servers import skip_aloud
from tests.support.backend import Backend
from tests.support.ingest import MAIL, Ingest, running_ingest
from tests.support.waiting import until

pytestmark = pytest.mark.connected

DEADLINE = 30.0


def found(command: str, *packages: str) -> str:
    """Return the path of a command, installed first if need be."""
    if shutil.which(command) is None:
        try:
            install(packages)
        except NotPossibleError as reason:
            skip_aloud(f"no {command}: {reason}")
    return shutil.which(command) or command


async def said(*command: str, stdin: bytes = b"") -> tuple[int | None, str]:
    """Return the exit code of a command, and all that it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(DEADLINE):
        out, _ = await process.communicate(stdin)
    return process.returncode, out.decode(errors="replace")


async def arrived(backend: Backend, ingest: Ingest) -> Arrival:
    """Return the only arrival, as soon as it is there."""
    found: list[str] = []

    async def is_there() -> bool:
        found.extend([one["_id"] async for one in backend.database["arrivals"].find({})])
        return bool(found)

    assert await until(is_there, DEADLINE, every=0.05)
    (arrival_id,) = found
    return await ingest.arrivals.get(arrival_id)


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, Path]:
    """Settings with a certificate for `localhost` that is its own authority."""
    write_certificate(tmp_path / "certificate.pem")
    return dict.fromkeys(("tls_certificate", "tls_key"), tmp_path / "certificate.pem")


@asynccontextmanager
async def haproxy(folder: Path, target: int, option: str) -> AsyncIterator[int]:
    """Give the port of an HAProxy that passes connections on, and says whose they are."""
    binary, port = found("haproxy", "haproxy"), free_port()
    file = folder / "haproxy.cfg"
    file.write_text(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
        f"listen mail\n bind 127.0.0.1:{port}\n server ingest 127.0.0.1:{target} {option}\n"
    )
    command = (binary, "-db", "-f", str(file))
    proxy = Child(Program("haproxy", command, {}, folder / "haproxy.out"))
    try:
        await asyncio.to_thread(proxy.wait_until, lambda: is_open(port), DEADLINE)
        yield port
    finally:
        await asyncio.to_thread(proxy.stop)


@pytest.mark.parametrize(("protocol", "registered"), [("ESMTP", b"ESMTPS"), ("LMTP", b"LMTPS")])
async def test_swaks_hands_in_a_mail_by_tls(
    backend: Backend, pair: dict[str, Path], protocol: str, registered: bytes
) -> None:
    swaks = found("swaks", "swaks", "libnet-ssleay-perl")
    async with running_ingest(backend, **pair, require_tls=True) as ingest:
        settings = ingest.settings
        port = settings.lmtp_port if protocol == "LMTP" else settings.smtp_port
        code, words = await said(
            *(swaks, "--server", f"127.0.0.1:{port}", "--protocol", protocol, "--tls"),
            *("--tls-ca-path", str(pair["tls_certificate"]), "--tls-verify"),
            *("--from", "ann@example.org", "--to", "support@demo.example"),
        )

        assert code == 0, words
        assert b" with " + registered in (await arrived(backend, ingest)).raw


async def test_openssl_believes_the_certificate_and_no_old_tls(
    backend: Backend, pair: dict[str, Path]
) -> None:
    async with running_ingest(backend, **pair) as ingest:
        command = (
            *("openssl", "s_client", "-starttls", "smtp", "-verify_return_error"),
            *(
                "-connect",
                f"127.0.0.1:{ingest.settings.smtp_port}",
                "-verify_hostname",
                "localhost",
            ),
            *("-CAfile", str(pair["tls_certificate"]), "-quiet", "-crlf"),
        )
        hello = b"EHLO client.example\nQUIT\n"

        code, words = await said(*command, stdin=hello)
        old, refused = await said(*command, "-tls1_1", stdin=hello)

    assert (code, "250 HELP" in words) == (0, True), words
    assert (old, "250 HELP" in refused) == (1, False), refused


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_postfix_hands_mail_on_by_verified_tls(
    backend: Backend, pair: dict[str, Path], protocol: str
) -> None:
    async with running_ingest(backend, **pair, require_tls=True) as ingest:
        settings = ingest.settings
        port = settings.lmtp_port if protocol == "lmtp" else settings.smtp_port
        target = f"lmtp:inet:localhost:{port}" if protocol == "lmtp" else f"smtp:[localhost]:{port}"
        transport = (
            f"default_transport = {target}\n"
            f"{protocol}_tls_security_level = verify\n{protocol}_tls_loglevel = 1\n"
            f"{protocol}_tls_CAfile = {pair['tls_certificate']}\n"
            f"{protocol}_host_lookup = native\n{protocol}_dns_support_level = disabled"
        )
        async with running_relay(transport) as relay:

            def hand_in() -> None:
                with smtplib.SMTP("127.0.0.1", relay.port) as client:
                    client.sendmail("ann@example.org", "support@demo.example", MAIL)

            await asyncio.to_thread(hand_in)
            arrival = await arrived(backend, ingest)

            assert "Verified TLS connection established" in relay.log()
    assert (arrival.sender, arrival.way) == ("ann@example.org", protocol)
    assert b"from relay.example" in arrival.raw


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2", "send-proxy-v2 check"])
async def test_haproxy_names_the_real_peer(
    backend: Backend, pair: dict[str, Path], tmp_path: Path, option: str
) -> None:
    proxied = {"proxy_protocol": "v1v2", "proxies": "127.0.0.1"}
    async with (
        running_ingest(backend, **pair, **proxied) as ingest,
        haproxy(tmp_path, ingest.settings.smtp_port, option) as port,
    ):

        def hand_in() -> None:
            source = ("127.0.0.7", 0)
            with smtplib.SMTP("127.0.0.1", port, source_address=source, timeout=DEADLINE) as client:
                client.starttls()
                client.sendmail("ann@example.org", "support@demo.example", MAIL)

        await asyncio.to_thread(hand_in)

        assert (await arrived(backend, ingest)).peer == "127.0.0.7"
