"""The API's description says what the API does, no more and no less."""

import re
from typing import Any
from unittest.mock import create_autospec

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from services.gateway.description.document import COMMITTED, as_json, openapi
from services.gateway.description.operations import OPERATIONS
from services.gateway.description.page import page
from services.gateway.operations.registry import OFFERS
from services.gateway.resources import RestResources, rest_router

DOCUMENT = openapi()


def routes() -> set[tuple[str, str]]:
    """Return every method of every address that is served."""
    parts = {
        name: create_autospec(kind, instance=True)
        for name, kind in RestResources.__annotations__.items()
    }
    found = rest_router(RestResources(**parts)).routes
    return {
        (method.lower(), route.path.replace(":path}", "}"))
        for route in found
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method, path) for path, one in DOCUMENT["paths"].items() for method in one}

    assert described == routes()


def test_every_operation_is_described_and_nothing_else() -> None:
    assert set(OPERATIONS) == {offer.name for offer in OFFERS}


def test_the_committed_document_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text() == as_json()


@pytest.mark.parametrize("name", list(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_every_example_is_what_its_schema_says(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][f"{name}Operation"]

    Draft202012Validator(schema).validate(schema["example"])


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return here + [one for child in value.values() for one in references(child)]
        return (
            [one for child in value for one in references(child)] if isinstance(value, list) else []
        )

    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_the_page_shows_every_address_and_fetches_nothing() -> None:
    html = page()

    for path in DOCUMENT["paths"]:
        assert path in html
    assert "http://" not in html
    assert "https://" not in html
    assert "<script" not in html


def test_every_link_of_the_page_leads_to_something_on_it() -> None:
    html = page()

    targets = set(re.findall(r"id='?(\w+)", html))

    assert set(re.findall(r"href='#(\w+)'", html)) <= targets
