"""The base of models of parameters, and the reader that names what is wrong in one line."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from services.gateway.errors import RequestError
from services.gateway.operations.refusals import disagreeing, missing, not_found, refused
from shared.contracts.contact_center import ContactCenter


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


P = TypeVar("P", bound=Parameters)


def read(model: type[P], body: Mapping[str, Any]) -> P:
    """Return the parameters in a body.

    Raises:
        RequestError: One is missing, is not what it has to be, or has two names and two values.
    """
    given = {name: one for name, one in body.items() if one is not None}
    for names in model.same_parameters():
        several = [name for name in names if name in given]
        if any(given[name] != given[several[0]] for name in several):
            raise disagreeing(several)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _first_fault(error) from error


def require_queue(name: str, contact_center: ContactCenter) -> str:
    """Return the name of a queue that exists.

    Raises:
        RequestError: No queue is named, or there is none of that name.
    """
    if not name.strip():
        raise missing("queueName")
    if contact_center.queue(name) is None:
        raise not_found(f"there is no queue {name[:64]!r}")
    return name


def _first_fault(error: ValidationError) -> RequestError:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    for fault in faults:
        if fault["type"] == "missing":
            return missing(".".join(map(str, fault["loc"])))
    place = ".".join(map(str, faults[0]["loc"]))
    return refused(f"{place}: {faults[0]['msg'].removeprefix('Value error, ')}")
