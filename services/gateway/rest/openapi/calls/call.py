"""One method of one address, as the API's description has it."""

from dataclasses import dataclass

from services.gateway.rest.openapi.shapes import Schema


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address.

    `is_tagged`: its answers have an ETag. `may_be_known`: a client that names it in If-None-Match
    is answered 304. `in_parts`: both, and one range may be asked for (206). `may_wait`: it takes
    `Prefer: wait` and may be answered 202. `other_bodies` are by media type. `success` is the
    status of success, `headers` are further ones, and `security` replaces that of the document.
    """

    method: str
    path: str
    tag: str
    summary: str
    answers: Schema
    body: Schema | None = None
    query: tuple[str, ...] = ()
    media_type: str = "application/json"
    body_type: str = "application/json"
    is_tagged: bool = False
    may_be_known: bool = False
    in_parts: bool = False
    may_wait: bool = False
    other_bodies: tuple[tuple[str, Schema], ...] = ()
    success: str = "200"
    headers: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
