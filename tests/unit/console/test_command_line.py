"""The command line explains itself and ends with a code that a script can use."""

import io
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from services.console.command_line import main
from services.console.description.reader import describe, read_description
from services.console.exit_codes import Exit
from shared.messaging.topology import WORK_QUEUES

CHECKOUT = Path(__file__).parents[3]
DEMO = CHECKOUT / "deploy" / "local" / "contact-center.yaml"


def ends_with(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


@pytest.mark.parametrize(
    "arguments", [(), ("dance",), ("apply",), ("resend",), ("replay", "routing", "--limit", "0")]
)
def test_a_wrong_command_shows_the_usage(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(*arguments) == Exit.USAGE
    assert "usage: mailroom" in "".join(capsys.readouterr())


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with("--help") == Exit.FINE

    shown = capsys.readouterr().out
    ours = ("apply", "doctor", "replay", "parse", "doubts", "resend", "settle", "restored")
    for command in (*ours, "settings", "hash-password", "make-token", "definitions", "schemas"):
        assert f"\n    {command}" in shown


def test_an_unknown_queue_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends_with("replay", "billing") == Exit.USAGE

    said = capsys.readouterr().err
    assert "there is no work queue billing" in said
    for queue in WORK_QUEUES:
        assert queue.name in said


@pytest.mark.parametrize("arguments", [("doctor",), ("replay", "routing"), ("apply", str(DEMO))])
def test_missing_addresses_are_said_in_one_line(
    arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.delenv("MONGODB_URL", raising=False)

    assert ends_with(*arguments) == Exit.MISCONFIGURED

    (line,) = capsys.readouterr().err.splitlines()
    assert "RABBITMQ_URL" in line
    assert "MONGODB_URL" in line


def test_wrong_file_is_reported_before_servers_are_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contact-center.yaml"
    file.write_text("queues: []\n")

    assert ends_with("apply", str(file)) == Exit.BAD_FILE
    assert capsys.readouterr().err == f"{file}:1: name: is missing\n"


def test_a_password_from_standard_input_becomes_its_hash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))

    assert ends_with("hash-password") == Exit.FINE
    assert PasswordHasher().verify(capsys.readouterr().out.strip(), "correct horse")


def test_an_empty_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert ends_with("hash-password") == Exit.BAD_FILE


def test_new_token_is_known_by_its_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with("make-token", "web-form") == Exit.FINE

    said, _, entry = capsys.readouterr().out.partition("for contact-center.yaml:\n")
    token = said.partition(": ")[2].strip()
    center = describe(f"name: demo\n{entry}")
    assert (found := center.token(token)) is not None
    assert found.name == "web-form"
    assert center.token(token[:-1]) is None


def test_token_with_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with("make-token", "web form") == Exit.BAD_FILE
    assert "a name has 1 to 64 letters" in capsys.readouterr().err


def test_the_demos_passwords_are_the_user_names() -> None:
    for one in read_description(DEMO).agents:
        assert PasswordHasher().verify(one.password_hash, one.user_name)


def test_schemas_are_written_where_they_are_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with("schemas", "--into", str(tmp_path / "new")) == Exit.FINE
    assert "outbound.deliver-mail.v1.json: written" in capsys.readouterr().out
    assert (tmp_path / "new" / "outbound.deliver-mail.v1.json").exists()
