"""A settings class as a list for operators."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.runtime.setting_list import describe


class ExampleSettings(BaseSettings):
    """One setting of each type."""

    model_config = SettingsConfigDict(env_prefix="EXAMPLE_")

    address: str = Field(validation_alias="ADDRESS", description="Where.")
    key: SecretStr = Field(default=SecretStr("hunter2"), description="Which.")
    wait: timedelta = Field(
        default=timedelta(milliseconds=250), gt=timedelta(0), description="How long."
    )
    count: int | None = Field(default=None, ge=1, le=9, description="How many.")
    style: Literal["plain", "bold"] | None = Field(default="bold", description="How.")
    names: Annotated[frozenset[str], NoDecode] = Field(default=frozenset(), description="Who.")
    file: Path | None = Field(default=None, description="From where.")
    eager: bool = Field(default=False, description="Whether.")


EXAMPLES = {one.name: one for one in describe({"example": ExampleSettings})}


def test_variable_is_named_by_alias_or_prefix() -> None:
    assert list(EXAMPLES) == [
        "ADDRESS",
        "EXAMPLE_KEY",
        "EXAMPLE_WAIT",
        "EXAMPLE_COUNT",
        "EXAMPLE_STYLE",
        "EXAMPLE_NAMES",
        "EXAMPLE_FILE",
        "EXAMPLE_EAGER",
    ]


def test_setting_without_default_is_required() -> None:
    assert [one.name for one in EXAMPLES.values() if one.required] == ["ADDRESS"]


def test_secret_default_is_left_out() -> None:
    assert EXAMPLES["EXAMPLE_KEY"].secret
    assert "hunter2" not in EXAMPLES["EXAMPLE_KEY"].model_dump_json()


def test_defaults_are_as_the_environment_has_them() -> None:
    defaults = {name: one.default for name, one in EXAMPLES.items()}

    assert defaults["EXAMPLE_WAIT"] == "0.25"
    assert defaults["EXAMPLE_STYLE"] == "bold"
    assert defaults["EXAMPLE_EAGER"] == "false"
    assert defaults["EXAMPLE_COUNT"] is None
    assert defaults["EXAMPLE_NAMES"] is None


def test_bounds_and_choices_are_listed() -> None:
    assert EXAMPLES["EXAMPLE_WAIT"].more_than == "0"
    assert (EXAMPLES["EXAMPLE_COUNT"].at_least, EXAMPLES["EXAMPLE_COUNT"].at_most) == ("1", "9")
    assert EXAMPLES["EXAMPLE_STYLE"].choices == ("plain", "bold")


def test_types_are_named_in_words() -> None:
    assert [one.type for one in EXAMPLES.values()] == [
        "text",
        "text",
        "duration",
        "whole number",
        "choice",
        "list with commas",
        "path of a file",
        "true or false",
    ]


def test_duration_has_its_unit() -> None:
    assert [one.name for one in EXAMPLES.values() if one.unit == "seconds"] == ["EXAMPLE_WAIT"]


def test_programs_that_read_the_same_setting_share_its_entry() -> None:
    class OtherSettings(ExampleSettings):
        """The same names, and another default of one."""

        eager: bool = Field(default=True, description="Whether.")

    shared = describe({"example": ExampleSettings, "other": OtherSettings})

    programs = [one.services for one in shared if one.name == "EXAMPLE_WAIT"]
    assert programs == [("example", "other")]
    assert [(one.services, one.default) for one in shared if one.name == "EXAMPLE_EAGER"] == [
        (("example",), "false"),
        (("other",), "true"),
    ]
