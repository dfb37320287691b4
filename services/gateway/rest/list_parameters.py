"""Lists of the API: addresses or objects, filtered, cut to fields, and paged.

The query parameters are those of the whole Web Services API: `fields`, exact-match filters by an
attribute's name, `limit`, `offset`, `totalCount`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request

from services.gateway.errors import RequestError, Situation
from services.gateway.rest.query_parameters import bounded_number, wants_fields
from services.gateway.wire.fields import Fields

_RESERVED: Final = frozenset(
    {"fields", "limit", "offset", "after", "totalcount", "subresources", "resolveuris"}
)
_TRUE: Final = frozenset({"true", "1", "yes", "*"})
"""Values of `fields` that mean all fields, besides `*`."""

_EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Listing:
    """The parameters of a list.

    `names` are the wanted fields: None for addresses, empty for all fields.
    """

    names: tuple[str, ...] | None
    filters: Mapping[str, str]
    offset: int
    limit: int
    counted: bool


def read_listing(request: Request, *, at_most: int) -> Listing:
    """Return the list parameters in the query of a request.

    Raises:
        RequestError: `limit` or `offset` is out of range, or `totalCount` is no boolean.
    """
    query = request.query_params
    return Listing(
        names=_names(query.get("fields", "")) if wants_fields(request) else None,
        filters={name: value for name, value in query.items() if name.lower() not in _RESERVED},
        offset=bounded_number(request, "offset", at_most=1_000_000_000, default=0),
        limit=bounded_number(request, "limit", at_most=at_most),
        counted=_flag(request, "totalCount"),
    )


def cut(fields: Fields, names: Sequence[str]) -> Fields:
    """Return the named fields in the order of `fields`; all of them where none is named."""
    return {name: fields[name] for name in fields if name in names} if names else fields


def matches(fields: Fields, filters: Mapping[str, str]) -> bool:
    """Say whether each filter names a field with exactly that value, compared as text."""
    return all(name in fields and _text(fields[name]) == value for name, value in filters.items())


def listed(name: str, objects: Iterable[Fields], listing: Listing) -> Fields:
    """Return the body of a list of objects: they are filtered, paged and cut here.

    The array is called `name`, or `uris` where addresses are wanted.
    """
    found = [one for one in objects if matches(one, listing.filters)]
    page = found[listing.offset : listing.offset + listing.limit]
    return paged(name, page, listing, len(found))


def paged(name: str, page: Iterable[Fields], listing: Listing, total: int) -> Fields:
    """Return the body of a list whose page the caller has chosen, out of `total` objects."""
    body: Fields = {"statusCode": 0}
    if listing.names is None:
        body["uris"] = [one["uri"] for one in page]
    else:
        body[name] = [cut(one, listing.names) for one in page]
    return body | ({"totalCount": total} if listing.counted else {})


def continued(name: str, found: Sequence[Fields], listing: Listing) -> Fields:
    """Return the body of a page of a list that is read on by `after`.

    `found` has one object more than the page where another page follows, which `hasMore` says.
    """
    body = paged(name, found[: listing.limit], replace(listing, counted=False), 0)
    return body | ({"hasMore": True} if len(found) > listing.limit else {})


def _names(fields: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in fields.split(",") if name.strip())
    return () if _EVERYTHING in names or fields.lower() in _TRUE else names


def _flag(request: Request, name: str) -> bool:
    values = {value.lower() for value in request.query_params.getlist(name)}
    if not values <= {"true", "false"}:
        raise RequestError(Situation.VALUE_REFUSED, f"{name} has to be true or false")
    return "true" in values


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(_text(one) for one in value)
        case _:
            return str(value)
