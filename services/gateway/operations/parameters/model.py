"""The base of models of parameters, and the types of their fields."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)


def _as_boolean(value: object) -> object:
    return (
        {"true": True, "false": False}.get(value.lower(), value)
        if isinstance(value, str)
        else value
    )


def _on_one_line(value: object) -> object:
    if isinstance(value, str) and any(mark in value for mark in "\r\n\0"):
        raise ValueError("must be on one line")
    return value


Flag = Annotated[
    bool,
    Field(strict=True),
    BeforeValidator(_as_boolean),
    WithJsonSchema({"oneOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}),
]
OneLine = Annotated[str, Field(strict=True, max_length=998), BeforeValidator(_on_one_line)]
Text = Annotated[str, Field(strict=True)]


class Parameters(BaseModel):
    """The parameters of an operation; unknown ones are ignored, null is as good as absent.

    `also_read` are JSON Schemas of parameters that the operation reads from the body by itself.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    also_read: ClassVar[Mapping[str, dict[str, Any]]] = MappingProxyType({})

    @classmethod
    def same_parameters(cls) -> list[list[str]]:
        """Return the names of each parameter that has several."""
        aliases = (field.validation_alias for field in cls.model_fields.values())
        return [list(map(str, one.choices)) for one in aliases if isinstance(one, AliasChoices)]


class NoParameters(Parameters):
    """An operation that reads nothing but its name."""
