"""Encryption of the listeners, on the loop of production and on asyncio's."""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.ingest.settings import IngestSettings
from tests.doubles.listener import Client, Run
from tests.fixtures.https import certificate

MAIL = b"Subject: x\r\n\r\nx\r\n.\r\n"


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, str]:
    """Settings with a certificate; the key is in the same file."""
    certificate(tmp_path, "mx.example")
    file = str(tmp_path / "certificate.pem")
    return {"tls_certificate": file, "tls_key": file}


def offered(client: Client) -> bytes:
    """Return the reply to EHLO."""
    client.send(b"EHLO client.example\r\n")
    return client.reply()


def hand_in(client: Client) -> int:
    client.greet_again().address()
    assert client.ask("DATA") == 354
    client.send(MAIL)
    return client.code()


@pytest.mark.parametrize(("lmtp", "protocol"), [(False, b"ESMTPS"), (True, b"LMTPS")])
def test_mail_after_starttls_says_so(
    run: Run,
    pair: dict[str, str],
    lmtp: bool,
    protocol: bytes,
) -> None:
    running = run(**pair)

    with running.connect(lmtp=lmtp) as client:
        assert client.code() == 220
        client.encrypt()
        client.ask("LHLO client.example" if lmtp else "EHLO client.example")
        client.address()
        assert client.ask("DATA") == 354
        client.send(MAIL)
        assert client.code() == 250

    assert b" with " + protocol in running.kept[0].raw


def test_starttls_is_offered_until_it_is_in_use(run: Run, pair: dict[str, str]) -> None:
    with run(**pair).connect() as client:
        assert client.code() == 220
        assert b"STARTTLS" in offered(client)
        client.encrypt()
        assert b"STARTTLS" not in offered(client)
        assert client.ask("STARTTLS") == 503


def test_no_login_is_offered_before_or_after_tls(run: Run, pair: dict[str, str]) -> None:
    with run(**pair).connect() as client:
        assert client.code() == 220
        assert b"AUTH" not in offered(client)
        client.encrypt()
        assert b"AUTH" not in offered(client)
        assert client.ask("AUTH PLAIN AAAA") == 500


def test_without_certificate_no_tls_is_offered(run: Run) -> None:
    with run().connect() as client:
        assert client.code() == 220
        assert b"STARTTLS" not in offered(client)
        assert client.ask("STARTTLS") == 454
        assert client.ask("NOOP") == 250


def test_argument_of_starttls_is_refused(run: Run, pair: dict[str, str]) -> None:
    with run(**pair).connect() as client:
        client.greet()
        assert client.ask("STARTTLS now") == 501
        assert client.ask("NOOP") == 250


@pytest.mark.parametrize("rest", [b"NOOP\r\n", b"R", b"\x16\x03\x01", b"MAIL FROM:<x@y>\r\n"])
def test_words_behind_starttls_end_the_session(run: Run, pair: dict[str, str], rest: bytes) -> None:
    running = run(**pair)

    with running.connect() as client:
        client.greet()
        client.send(b"STARTTLS\r\n" + rest)
        assert client.answer().startswith(b"421 4.7.0 ")
        assert client.is_hung_up_on()

    assert running.kept == []


def test_nothing_said_in_the_clear_counts_after_tls(run: Run, pair: dict[str, str]) -> None:
    running = run(**pair)

    with running.connect() as client:
        client.greet().address("sales@demo.example")
        client.encrypt()
        assert client.ask("RCPT TO:<support@demo.example>") == 503
        assert client.ask("DATA") == 503
        assert hand_in(client) == 250

    assert running.kept[0].mailboxes == ("support@demo.example",)


@pytest.mark.parametrize("hello", ["EHLO client.example", "LHLO client.example"])
def test_with_tls_required_no_mail_is_taken_in_the_clear(
    run: Run, pair: dict[str, str], hello: str
) -> None:
    running = run(**pair, require_tls=True)

    with running.connect(lmtp=hello.startswith("LHLO")) as client:
        client.greet(hello)
        assert client.ask("MAIL FROM:<ann@example.org>") == 530
        assert client.ask("RCPT TO:<support@demo.example>") == 503
        assert client.ask("DATA") == 503
        client.encrypt().greet_again(hello).address()


@pytest.mark.parametrize("said", [b"", b"hello?\r\n" * 50, b"\x16\x03\x01\x02\x00" + b"\0" * 600])
def test_broken_handshake_leaves_no_session(run: Run, pair: dict[str, str], said: bytes) -> None:
    running = run(**pair)
    before = running.sessions()

    with running.connect() as client:
        client.greet()
        assert client.ask("STARTTLS") == 220
        client.send_ignoring_errors(said)
        client.end()
        assert client.is_hung_up_on()

    with running.connect() as other:
        other.greet()
        assert running.sessions() == before + 1


def test_slow_handshake_is_ended(run: Run, pair: dict[str, str]) -> None:
    with run(**pair, handshake=0.3).connect() as client:
        client.greet()
        assert client.ask("STARTTLS") == 220
        client.send(b"\x16\x03\x01")
        assert client.is_hung_up_on()


def test_handshake_does_not_hold_up_a_stop(run: Run, pair: dict[str, str]) -> None:
    running = run(**pair)

    with running.connect() as client:
        client.greet()
        assert client.ask("STARTTLS") == 220
        running.stop()
        assert client.is_hung_up_on()


def test_encrypted_session_is_ended_with_a_word(run: Run, pair: dict[str, str]) -> None:
    running = run(**pair, silence=2)

    with running.connect() as client:
        client.greet().encrypt().greet_again()
        assert client.answer().startswith(b"421 4.4.2 ")
        assert client.is_hung_up_on()


def test_large_mail_comes_through_tls_octet_for_octet(run: Run, pair: dict[str, str]) -> None:
    running = run(**pair)
    raw = b"Subject: x\r\n\r\n" + (b"y" * 900 + b"\r\n") * 1_500

    with running.connect() as client:
        client.greet().encrypt().greet_again().address()
        assert client.ask("DATA") == 354
        client.send(raw + b".\r\n")
        assert client.code() == 250

    assert running.kept[0].raw.endswith(raw)


def test_new_sessions_get_the_new_certificate(run: Run, pair: dict[str, str]) -> None:
    running = run(**pair)
    file = Path(pair["tls_certificate"])

    with running.connect() as before, running.connect() as later:
        first = before.greet().encrypt().certificate()
        certificate(file.parent, "other.example")
        with running.connect() as after:
            second = after.greet().encrypt().certificate()
        assert before.greet_again().ask("NOOP") == 250
        assert later.code() == 220

    now = ssl.PEM_cert_to_DER_cert(file.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    assert second == now != first


def test_broken_new_pair_keeps_the_old_one(run: Run, pair: dict[str, str]) -> None:
    running = run(**pair)
    with running.connect() as client:
        first = client.greet().encrypt().certificate()

    Path(pair["tls_certificate"]).write_text("no certificate")

    with running.connect() as client:
        assert client.greet().encrypt().certificate() == first
    assert running.certificate is not None
    assert "the last good pair is kept" in running.certificate.problem()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"tls_certificate": "a.pem"}, "INGEST_TLS_KEY"),
        ({"tls_key": "a.pem"}, "INGEST_TLS_CERTIFICATE"),
        ({"require_tls": True}, "INGEST_TLS_CERTIFICATE"),
        ({"proxy_protocol": "v1v2"}, "INGEST_PROXIES"),
    ],
)
def test_half_a_setting_is_refused(changed: dict[str, object], named: str) -> None:
    needed = {"RABBITMQ_URL": "amqp://unused", "MONGODB_URL": "mongodb://unused"}

    with pytest.raises(ValidationError, match=named):
        IngestSettings.model_validate(needed | changed)
