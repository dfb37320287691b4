"""`mailroom settings` prints what the programs read, with a description of each."""

import json
import os
from typing import Any

import pytest
from pydantic_settings import EnvSettingsSource

from deploy.setting_list import current_settings
from services.console.command_line import main
from services.console.commands.settings import FILE, in_lines, read_list
from services.console.exit_codes import Exit
from shared.runtime.setting_list import Setting
from tests.deploy.installed import CONSOLE, services, settings_of

PROGRAMS = sorted({CONSOLE, *services()})


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(("settings", *arguments))
    assert caught.value.code == Exit.FINE
    return capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(printed(capsys, "--json", *arguments))
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_setting_has_a_description(program: str) -> None:
    fields = settings_of(program).model_fields

    undescribed = [name for name, one in fields.items() if not (one.description or "").strip()]

    assert undescribed == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_printed_names_are_those_the_program_reads(
    program: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(program)
    names = [one["name"] for one in listed(capsys, program)]
    for name in tuple(os.environ):
        monkeypatch.delenv(name)
    for name in names:
        monkeypatch.setenv(name, "1")

    read = EnvSettingsSource(settings)()

    assert len(read) == len(settings.model_fields) == len(names)


def test_stored_list_is_up_to_date() -> None:
    assert list(read_list(FILE)) == list(current_settings()), "run `make settings`"


def test_list_without_service_has_every_program(capsys: pytest.CaptureFixture[str]) -> None:
    programs = {program for one in listed(capsys) for program in one["services"]}

    assert programs == set(PROGRAMS)


def test_unknown_service_is_a_wrong_command() -> None:
    with pytest.raises(SystemExit) as caught:
        main(("settings", "billing"))

    assert caught.value.code == Exit.USAGE


@pytest.mark.parametrize("width", ["80", "160"])
def test_lines_fit_the_terminal_and_name_every_setting(
    width: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)

    shown = printed(capsys)

    assert max(map(len, shown.splitlines())) <= int(width)
    assert {one.name for one in current_settings()} <= set(shown.split())


def test_setting_is_shown_with_default_type_and_bounds() -> None:
    example = Setting(
        name="EXAMPLE_PATIENCE",
        services=("example",),
        type="duration",
        unit="seconds",
        default="28800",
        at_least="0",
        at_most="86400",
        description="How long an example waits.",
    )

    lines = in_lines([example], width=80)

    shown = " ".join(" ".join(lines).split())
    assert "EXAMPLE_PATIENCE" in shown
    assert "seconds, default 28800 (8 h), 0 to 86400 (24 h)" in shown
    assert "How long an example waits." in shown


def test_secret_has_no_default_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    secrets = [one for one in listed(capsys, "outbound") if one["secret"]]

    assert [one["name"] for one in secrets] == ["MAILROOM_BOUNCE_KEY", "MAILROOM_SEALING_KEY"]
    assert [one["default"] for one in secrets] == [None, None]


def test_settings_need_no_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.delenv("MONGODB_URL", raising=False)

    assert "RABBITMQ_URL" in printed(capsys, "console")
