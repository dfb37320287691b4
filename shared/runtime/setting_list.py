"""Settings classes as a list for operators: name, type, default, bounds, description."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from shared.runtime.settings import variables

_TYPES: Final[Mapping[object, str]] = MappingProxyType(
    {
        str: "text",
        SecretStr: "text",
        int: "whole number",
        bool: "true or false",
        timedelta: "duration",
        Path: "path of a file",
        frozenset: "list with commas",
        tuple: "list with commas",
        Literal: "choice",
    }
)


class Setting(BaseModel):
    """One variable of the environment; defaults and bounds are texts as the environment has them.

    `services` are the programs that read it; `default` is None where there is none to show, as
    for secrets.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    services: tuple[str, ...]
    type: str
    unit: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    secret: bool = False
    default: str | None = None
    at_least: str | None = None
    more_than: str | None = None
    at_most: str | None = None
    description: str


def describe(programs: Mapping[str, type[BaseSettings]]) -> list[Setting]:
    """Return the settings of programs, those that most programs read first.

    A setting that is the same for several programs stands there once.
    """
    readers: dict[Setting, list[str]] = {}
    for program, settings in programs.items():
        names = variables(settings)
        for field_name, field in settings.model_fields.items():
            readers.setdefault(_setting(names[field_name], field), []).append(program)
    found = [one.model_copy(update={"services": tuple(by)}) for one, by in readers.items()]
    return sorted(found, key=lambda one: -len(one.services))


def _setting(name: str, field: FieldInfo) -> Setting:
    annotation = _without_none(field.annotation)
    kind = get_origin(annotation) or annotation
    return Setting(
        name=name,
        services=(),
        type=_TYPES[kind],
        unit="seconds" if kind is timedelta else None,
        choices=get_args(annotation) if kind is Literal else (),
        required=field.is_required(),
        secret=kind is SecretStr,
        default=None if field.is_required() else _as_text(field.default),
        at_least=_bound(field, "ge"),
        more_than=_bound(field, "gt"),
        at_most=_bound(field, "le"),
        description=field.description or "",
    )


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    (one,) = (one for one in get_args(annotation) if one is not NoneType)
    return one


def _bound(field: FieldInfo, kind: str) -> str | None:
    found = (getattr(one, kind, None) for one in field.metadata)
    return next((_as_text(one) for one in found if one is not None), None)


def _as_text(value: object) -> str | None:
    match value:
        case None | "" | SecretStr():
            return None
        case bool():
            return str(value).lower()
        case timedelta():
            seconds = value.total_seconds()
            return str(int(seconds) if seconds.is_integer() else seconds)
        case str():
            return value
        case Iterable():
            return ",".join(sorted(map(str, value))) or None
    return str(value)
