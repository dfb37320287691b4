"""Reads the parameters in a body; an error names what is wrong in one line."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from services.gateway.errors import RequestError, disagreeing, missing, not_found, refused
from services.gateway.operations.parameters.model import Parameters
from shared.contracts.contact_center import ContactCenter

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
