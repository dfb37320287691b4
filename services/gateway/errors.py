"""All failures that agents may get: one table from situations to codes, and one body."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import structlog

from shared.bayeux.transports.web import Scope
from shared.domain.errors import (
    ChangedMeanwhileError,
    NotOwnerError,
    OperationNotAllowedError,
    PositionGoneError,
    Refused,
    TooLargeError,
    Unavailable,
    UnknownContactError,
    UnknownInteractionError,
)

log = structlog.get_logger()

# A broker or database that changes its leader is back after some seconds.
RETRY_AFTER: Final = timedelta(seconds=2)

SHORTLY: Final[Mapping[str, str]] = MappingProxyType({"Retry-After": "1"})
"""Headers of a failure that ends with another request: nearly every one is done by then."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The number in the body, and the HTTP status.

    A final failure is caused by the request: the same request would fail again, and its answer is
    kept for its Idempotency-Key. The others are caused by the moment, the login or the key.
    """

    status_code: int
    http: int
    is_final: bool = True


class Situation(StrEnum):
    """The kind of a failure, as far as clients can tell failures apart."""

    PARAMETER_MISSING = "parameter missing"
    WRONG_STATE = "wrong state"
    OPERATION_UNKNOWN = "operation unknown"
    OPERATION_FORBIDDEN = "operation forbidden"
    METHOD_UNKNOWN = "method unknown"
    FORGED = "forged"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    TOO_MANY_REQUESTS = "too many requests"
    NOT_PERMITTED = "not permitted"
    NOT_FOUND = "not found"
    NO_LONGER_KEPT = "no longer kept"
    VALUE_REFUSED = "value refused"
    TOO_LARGE = "too large"
    PRECONDITION_FAILED = "precondition failed"
    IN_PROGRESS = "in progress"
    KEY_REUSED = "key reused"
    TOO_SLOW = "too slow"
    RANGE_REFUSED = "range refused"
    MISDIRECTED = "misdirected"
    NOT_AUTHENTICATED = "not authenticated"


CODES: Final[Mapping[Situation, Codes]] = MappingProxyType(
    {
        Situation.PARAMETER_MISSING: Codes(1, 400),
        Situation.WRONG_STATE: Codes(2, 409),
        Situation.OPERATION_UNKNOWN: Codes(3, 400),
        Situation.OPERATION_FORBIDDEN: Codes(3, 403),
        Situation.METHOD_UNKNOWN: Codes(3, 405),
        Situation.FORGED: Codes(3, 403, is_final=False),
        Situation.INTERNAL: Codes(4, 500, is_final=False),
        Situation.UNAVAILABLE: Codes(4, 503, is_final=False),
        Situation.TOO_MANY_REQUESTS: Codes(4, 429, is_final=False),
        Situation.NOT_PERMITTED: Codes(5, 403),
        Situation.NOT_FOUND: Codes(6, 404),
        Situation.NO_LONGER_KEPT: Codes(6, 410),
        Situation.VALUE_REFUSED: Codes(10, 400),
        Situation.TOO_LARGE: Codes(10, 413),
        Situation.PRECONDITION_FAILED: Codes(2, 412),
        Situation.IN_PROGRESS: Codes(2, 409, is_final=False),
        Situation.KEY_REUSED: Codes(10, 422, is_final=False),
        Situation.TOO_SLOW: Codes(10, 408, is_final=False),
        Situation.RANGE_REFUSED: Codes(10, 416),
        Situation.MISDIRECTED: Codes(3, 421),
        Situation.NOT_AUTHENTICATED: Codes(20, 401, is_final=False),
    }
)

_DOMAIN: Final[Mapping[type[Exception], Situation]] = MappingProxyType(
    {
        OperationNotAllowedError: Situation.WRONG_STATE,
        NotOwnerError: Situation.NOT_PERMITTED,
        UnknownContactError: Situation.NOT_FOUND,
        UnknownInteractionError: Situation.NOT_FOUND,
        ChangedMeanwhileError: Situation.PRECONDITION_FAILED,
        PositionGoneError: Situation.NO_LONGER_KEPT,
        TooLargeError: Situation.VALUE_REFUSED,
        Refused: Situation.WRONG_STATE,
        Unavailable: Situation.UNAVAILABLE,
    }
)


class RequestError(Exception):
    """A request that fails with a message for its sender; `headers` go into the answer."""

    def __init__(
        self, situation: Situation, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.situation = situation
        self.message = message
        self.headers = dict(headers or {})


Explain = Callable[[Exception, Scope], RequestError]
"""Returns the failure that an agent gets for any error of a request."""


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


def failure_body(status_code: int, message: str) -> dict[str, object]:
    """Return the body of a failure, with the fields of both dialects in the seeds."""
    return {
        "statusCode": status_code,
        "statusMessage": message,
        "status": "error",
        "errorDescription": message,
    }


def as_request_error(error: Exception) -> RequestError | None:
    """Return the failure that an agent gets for an error; None where the error is unexpected."""
    if isinstance(error, RequestError):
        return error
    for kind, situation in _DOMAIN.items():
        if isinstance(error, kind):
            return _translated(situation, error)
    return None


def explained(error: Exception, scope: Scope) -> RequestError:
    """Return the failure that an agent gets for an error; an unexpected error is logged."""
    known = as_request_error(error)
    if known is None:
        log.error("request failed", method=scope.get("method"), fault=trace_of(error))
        return RequestError(Situation.INTERNAL, "an internal error; it has been recorded")
    return known


def unavailable(message: str) -> RequestError:
    """Return a failure that ends by itself, with `Retry-After`."""
    seconds = str(int(RETRY_AFTER.total_seconds()))
    return RequestError(Situation.UNAVAILABLE, message, headers={"Retry-After": seconds})


def _translated(situation: Situation, error: Exception) -> RequestError:
    if situation is Situation.UNAVAILABLE:
        return unavailable("a part of the system does not answer: try again")
    if situation is Situation.NO_LONGER_KEPT:
        advice = "read /me/interactions?fields=* and go on from its position"
        return RequestError(situation, f"{error}: {advice}")
    return RequestError(situation, str(error))


def trace_of(error: BaseException) -> list[str]:
    """Return the type of an error and the places it passed, without its message.

    The message may quote a mail.
    """
    places = [type(error).__name__]
    frame = error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{frame.tb_lineno} {code.co_name}")
        frame = frame.tb_next
    return places
