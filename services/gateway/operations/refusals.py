"""The errors of parameters that are missing, wrong or unknown."""

from collections.abc import Iterable

from services.gateway.errors import RequestError, Situation


def missing(name: str) -> RequestError:
    """Return the error of a parameter that is not there."""
    return RequestError(Situation.PARAMETER_MISSING, f"{name} is missing")


def refused(message: str) -> RequestError:
    """Return the error of a value that is not possible."""
    return RequestError(Situation.VALUE_REFUSED, message)


def disagreeing(names: Iterable[str]) -> RequestError:
    """Return the error of a parameter that came under several names with different values."""
    several = " and ".join(name[:64] for name in names)
    return refused(f"{several} are one parameter and differ: send one of them")


def not_found(message: str) -> RequestError:
    """Return the error of something that does not exist."""
    return RequestError(Situation.NOT_FOUND, message)
