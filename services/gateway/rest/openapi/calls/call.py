"""One method of one address, as the API's description has it."""

from dataclasses import dataclass

from services.gateway.rest.openapi.schema_builders import Schema


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address.

    With `takes_if_none_match` or `takes_range` its answers have an ETag as well. `other_bodies` are
    by media type, `headers` are those of requests beyond the ones that the flags bring, and
    `security` replaces that of the document.
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
    has_etag: bool = False
    takes_if_none_match: bool = False
    """An unchanged answer is 304."""
    takes_range: bool = False
    """A part of the answer is 206; If-None-Match is taken too."""
    takes_wait: bool = False
    """`Prefer: wait` and If-Match are taken; without an outcome in time the answer is 202."""
    other_bodies: tuple[tuple[str, Schema], ...] = ()
    success_status: str = "200"
    headers: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
