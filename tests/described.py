"""Whether what is sent and taken is what the committed description of the API says."""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
from jsonschema import Draft202012Validator

from services.gateway.notifications.topics import canonical
from services.gateway.rest.openapi.committed import COMMITTED

_JSON = "application/json"
_ASKED_BY = {206: "Range", 304: "If-None-Match", 412: "If-Match"}
"""The header to which a status is the answer."""


def require_described(schema: Any, value: Any) -> None:
    """Return if a value is what a schema of the document says, with no key more.

    Raises:
        jsonschema.ValidationError: It is not.
    """
    whole = {"components": _document()["components"], **_closed(schema)}
    Draft202012Validator(whole).validate(value)


def require_described_answer(response: httpx2.Response) -> None:
    """Return if an answer is described, and what was asked for where it was taken.

    Raises:
        AssertionError: There is no such address, method, status or media type.
        jsonschema.ValidationError: A body is not as described.
    """
    call = _call(response.request)
    described = call["responses"].get(str(response.status_code))
    assert described is not None, f"{response.status_code} of {response.request.url}"
    if "$ref" in described:
        described = _document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    if "etag" in response.headers:
        assert "ETag" in described.get("headers", {}), f"ETag of {response.request.url}"
    if (header := _ASKED_BY.get(response.status_code)) is not None:
        assert header in {one["name"] for one in call["parameters"]}, f"{header} of {call}"
    if response.status_code == 304:
        return
    kind = response.headers["content-type"].partition(";")[0]
    contents = described["content"]
    assert kind in contents or "*/*" in contents, f"{kind} of {response.request.url}"
    if kind == _JSON and _JSON in contents:
        require_described(contents[_JSON]["schema"], response.json())
    if response.is_success:
        _require_described_body(call, response.request)


def require_described_event(event: Any) -> None:
    """Return if what was heard over CometD is what its topic is described to tell.

    Raises:
        AssertionError: The topic is not described.
        jsonschema.ValidationError: The message is not as described.
    """
    topic = canonical(event["channel"])
    assert topic in _document()["x-topics"], event["channel"]
    require_described(_document()["x-topics"][topic]["message"], event["data"])


def _require_described_body(call: Any, request: httpx2.Request) -> None:
    contents = call.get("requestBody", {}).get("content", {})
    if _JSON in contents and request.headers.get("content-type") == _JSON:
        require_described(contents[_JSON]["schema"], json.loads(request.content))


@cache
def _document() -> Any:
    """Return the document, in which no object has keys that are not described."""
    return _closed(json.loads(COMMITTED.read_text()))


def _closed(schema: Any) -> Any:
    match schema:
        case dict():
            closed = {name: _closed(one) for name, one in schema.items() if name != "example"}
            if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
                return {"additionalProperties": False, **closed}
            return closed
        case list():
            return [_closed(one) for one in schema]
        case _:
            return schema


def _call(request: httpx2.Request) -> Any:
    path = urlsplit(str(request.url)).path.removeprefix("/api/v2").rstrip("/")
    # An address that is named wins over one with a place for an id.
    for template in sorted(_document()["paths"], key=lambda one: (one.count("{"), one)):
        if re.fullmatch(_pattern(template), path):
            method = "get" if request.method == "HEAD" else request.method.lower()
            return _document()["paths"][template][method]
    raise AssertionError(f"{path} is not described")


def _pattern(template: str) -> str:
    """Return what fits an address; ids of workbins are base64, in which there may be slashes."""
    parts = re.split(r"({\w+})", template)
    return "".join(
        (".+" if one == "{workbin}" else "[^/]+") if one.startswith("{") else re.escape(one)
        for one in parts
    )
