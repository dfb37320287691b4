"""The OpenAPI document describes exactly what the API has."""

import re
from typing import Any
from unittest.mock import create_autospec

import pytest
from jsonschema import Draft202012Validator, ValidationError
from starlette.routing import Route

from services.gateway.notifications.message_builder import MESSAGE_FORMS, HeadingForm
from services.gateway.operations.parameters.email_object_keys import READ_ONLY, SPELLINGS
from services.gateway.operations.registry import DESCRIBED
from services.gateway.rest.openapi.committed import COMMITTED
from services.gateway.rest.openapi.curl import curl_line
from services.gateway.rest.openapi.document import as_json, openapi
from services.gateway.rest.openapi.examples import DRAFT_ID, IN_STATE
from services.gateway.rest.openapi.messages import PER_STATE, TOPICS
from services.gateway.rest.openapi.operation_bodies import MAIL
from services.gateway.rest.openapi.page import page
from services.gateway.rest.openapi.schema_builders import ref
from services.gateway.rest.resources.drop import PATH as DROP
from services.gateway.rest.routes import RestResources, rest_router
from services.gateway.wire.fields import INTERACTION_STATE
from services.gateway.wire.states import NOT_HELD, STATES
from tests.described import require_described

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

    assert described == routes() | {("post", f"{DROP}{{mailbox}}")}


def test_the_committed_document_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text() == as_json()


@pytest.mark.parametrize("name", list(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


EXAMPLES = [name for name, one in DOCUMENT["components"]["schemas"].items() if "example" in one]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_what_its_schema_says(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]

    require_described(ref(name), schema["example"])


def test_every_operation_and_every_message_has_an_example() -> None:
    messages = {name for topic in TOPICS for name in topic.messages}

    assert messages | {f"{one.name}Operation" for one in DESCRIBED} <= set(EXAMPLES)


def test_every_state_has_a_message_of_its_own() -> None:
    headings = {one.state for one in MESSAGE_FORMS.values() if isinstance(one, HeadingForm)}
    states = {*STATES.values(), *headings, NOT_HELD}

    assert set(PER_STATE) == {f"{state}Message" for state in states}
    for state in states:
        assert IN_STATE[state]["state"] == state


def test_key_that_is_not_described_is_found() -> None:
    message: Any = IN_STATE["Accepted"]
    mail = message["email_object"] | {"Colour": "red"}

    for told in (message | {"colour": "red"}, message | {"email_object": mail}):
        with pytest.raises(ValidationError):
            require_described(ref(INTERACTION_STATE), told)


def test_every_spelling_of_a_mail_is_described() -> None:
    spellings = {one for several in SPELLINGS.values() for one in several}
    described = {name.lower() for name in MAIL["properties"]}

    assert described == spellings | READ_ONLY


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("DeleteUserData", {"keys": ["Order"]}),
        ("DeleteUserData", {"userData": ["Order"]}),
        ("PlaceInWorkbin", {"workbin": ["email.draft"]}),
        ("PlaceInWorkbin", {"workbin": [{"workbinName": "email.draft"}]}),
        ("GetWorkbinContent", {"workbin": ["email.draft"]}),
        ("AddComment", {"TheComment": "x"}),
        ("Forward", {"queueName": "drafts", "forwardStartLine": "x"}),
        ("Transfer", {"agentGroupName": "sales"}),
        ("Create", {"queueName": "drafts", "parentId": "1"}),
        ("Redirect", {"email": {"to": ["a@b.example"]}}),
        ("Save", {"email": {"from": "a@b.example", "body": "x", "mime": "text/plain"}}),
    ],
)
def test_accepted_body_matches_its_schema(operation: str, body: dict[str, Any]) -> None:
    require_described(ref(f"{operation}Operation"), {"operationName": operation, **body})


@pytest.mark.parametrize("body", [{}, {"queueName": "drafts"}])
def test_body_without_its_parameter_fails_the_schema(body: dict[str, Any]) -> None:
    for operation in ("DeleteUserData", "AddComment"):
        with pytest.raises(ValidationError):
            require_described(ref(f"{operation}Operation"), {"operationName": operation, **body})


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
    html = page(openapi())

    for path in DOCUMENT["paths"]:
        assert path in html
    assert "http://" not in html
    assert "https://" not in html
    assert "<script" not in html


def test_page_shows_every_message_and_a_call_of_everything() -> None:
    html = page(openapi())
    calls = sum(len(methods) for methods in DOCUMENT["paths"].values())

    for topic in TOPICS:
        assert topic.name in html
        assert all(f"id='{name}'" in html for name in topic.messages)
    # And one for each operation; three for CometD.
    assert html.count("<pre class=curl>") == calls + len(DESCRIBED) + 3
    for words in ("BAYEUX_BROWSER", "ccAddress", "bccAddress", "CreateOperation"):
        assert words in html


def command(method: str, path: str) -> str:
    """Return the command that the page shows for a call."""
    call = DOCUMENT["paths"][path][method]
    content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
    return curl_line(method, path, call, content.get("schema", {}).get("example"))


def test_command_without_a_workbin_in_its_address_names_one() -> None:
    assert '"workbin": "email.in-progress"' in command("post", "/me/workbins")
    assert '"workbin"' not in command("post", "/me/workbins/{workbin}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", "/me/interactions/{id}"),
        ("put", "/interactions/{id}"),
        ("post", "/me/interactions/{id}/attachments"),
        ("delete", "/me/interactions/{id}/attachments/{attachment_id}"),
    ],
)
def test_command_that_only_a_draft_takes_names_the_draft(method: str, path: str) -> None:
    assert f"/interactions/{DRAFT_ID}" in command(method, path)


def test_command_for_a_user_has_an_id_as_users_have() -> None:
    assert re.search(r'/users/[0-9a-f]{32}"', command("get", "/users/{id}"))


def test_every_link_of_the_page_leads_to_something_on_it() -> None:
    html = page(openapi())

    targets = set(re.findall(r"id='?(\w+)", html))

    assert set(re.findall(r"href='#(\w+)'", html)) <= targets
