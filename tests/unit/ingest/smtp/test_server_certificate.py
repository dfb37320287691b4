"""Certificates that change, break and expire."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from services.ingest.smtp.server_certificate import CertificateError, ServerCertificate
from tests.fixtures.https import certificate


def written(folder: Path, name: str = "mx.example") -> tuple[Path, Path]:
    """Return files with a new certificate, and its key apart from it."""
    certificate(folder, name)
    key, end, rest = (
        (folder / "certificate.pem").read_text().partition("PRIVATE KEY-----\n-----BEGIN CERT")
    )
    (folder / "tls.key").write_text(key + "PRIVATE KEY-----\n")
    (folder / "tls.crt").write_text("-----BEGIN CERT" + rest)
    assert end
    return folder / "tls.crt", folder / "tls.key"


def test_pair_that_changes_in_two_steps_is_read_after_the_second(tmp_path: Path) -> None:
    crt, key = written(tmp_path)
    used = ServerCertificate(crt, key)
    first = used.context()
    (tmp_path / "next").mkdir()
    new_crt, new_key = written(tmp_path / "next")

    new_crt.replace(crt)
    assert used.context() is first
    assert "the last good pair is kept" in used.problem()
    new_key.replace(key)

    assert used.context() is not first
    assert used.problem() == ""


def test_pair_that_changes_behind_a_link_is_read_again(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        written(folder)
    link = tmp_path / "current"
    link.symlink_to(folders[0])
    used = ServerCertificate(link / "tls.crt", link / "tls.key")
    first = used.context()

    (tmp_path / "new").symlink_to(folders[1])
    (tmp_path / "new").replace(link)

    assert used.context() is not first


def test_unchanged_pair_is_read_once(tmp_path: Path) -> None:
    used = ServerCertificate(*written(tmp_path))

    assert used.context() is used.context()


def test_removed_pair_keeps_the_last_one(tmp_path: Path) -> None:
    crt, key = written(tmp_path)
    used = ServerCertificate(crt, key)
    first = used.context()

    key.unlink()

    assert used.context() is first
    assert "tls.key" in used.problem()


def test_key_with_a_password_is_refused_and_not_asked_for(tmp_path: Path) -> None:
    crt, key = written(tmp_path)
    private = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )

    with pytest.raises(CertificateError, match="unencrypted key"):
        ServerCertificate(crt, key)


@pytest.mark.parametrize("broken", ["", "no certificate", "\0" * 1_000])
def test_unusable_pair_at_the_start_is_refused_by_name(tmp_path: Path, broken: str) -> None:
    crt, key = written(tmp_path)
    crt.write_text(broken)

    with pytest.raises(CertificateError, match=r"INGEST_TLS_CERTIFICATE .*tls\.crt"):
        ServerCertificate(crt, key)


@pytest.mark.parametrize(("days", "problem"), [(5, ""), (6, "expires soon, at"), (8, "expired at")])
def test_certificate_that_ends_soon_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, problem: str
) -> None:
    used = ServerCertificate(*written(tmp_path))

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Later":
            assert tz is UTC
            return cls.fromtimestamp(tmp_path.stat().st_mtime, UTC) + timedelta(days=days)

    monkeypatch.setattr("services.ingest.smtp.server_certificate.datetime", Later)

    assert problem in used.problem()
    assert bool(used.problem()) is bool(problem)
